// What an element with several views needs: one of them shown, a notice, a line for the ear, fields refused.

import { say } from "./say.js";

const INTERACTIVE = "button, a, input, textarea, select, summary, audio, label"; // these have a use for it

/** A listener that does on the space bar what `action()` returns, if it returns something. */
export function onSpace(action) {
  return (event) => {
    const act = event.key === " " && !event.repeat && !event.target.closest?.(INTERACTIVE) && action();
    if (!act) return;
    event.preventDefault(); // it would scroll
    act();
  };
}

export class Views extends HTMLElement {
  part(name) {
    return this.querySelector(`[data-part="${name}"]`);
  }

  parts(...names) {
    return Object.fromEntries(names.map((name) => [name, this.part(name)]));
  }

  /** Have a sentence read out. */
  status(sentence) {
    this.part("status").textContent = sentence;
  }

  /** Show one view, the focus on `focus` or its heading; null leaves the focus where it is. */
  show(view, focus = "h2") {
    for (const one of this.querySelectorAll("[data-view]")) one.hidden = one.dataset.view !== view;
    this.dataset.state = view;
    if (focus) this.querySelector(`[data-view="${view}"] ${focus}`)?.focus();
  }

  /** Say what went wrong, and what to do; null takes it back. */
  notice(problem, focus = true) {
    const notice = this.part("notice");
    notice.hidden = !problem;
    if (!problem) return;
    notice.querySelector("strong").textContent = problem.title;
    notice.querySelector("p").textContent = problem.detail;
    const login = this.part("login");
    login.hidden = problem.status !== 401;
    login.href = `/login?next=${encodeURIComponent(location.pathname + location.search)}`;
    if (focus) notice.focus();
    this.status(`${problem.title}. ${problem.detail}`);
  }

  /** The same, by the name of its sentences. */
  tell(key, focus = true) {
    this.notice({ title: say(`${key}_title`), detail: say(key) }, focus);
  }

  /** Put a problem next to its field, or take it away; whether there is none. */
  field(field, problem) {
    const line = document.getElementById(`${field.id}-problem`);
    line.hidden = !problem;
    line.textContent = problem?.detail ?? "";
    field.toggleAttribute("aria-invalid", Boolean(problem));
    if (problem) field.focus();
    return !problem;
  }
}
