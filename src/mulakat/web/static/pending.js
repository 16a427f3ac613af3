// What an earlier visit left unsent: offered, or, where it was on its way already, sent by itself.

import { el, icon } from "./elements.js";
import { drop, pending, sweep } from "./outbox.js";
import { clock, owner, percent, say } from "./say.js";
import { deliver } from "./sending.js";
import { Refusal } from "./server.js";

const SHOWN_CHARACTERS = 90;

function short(question) {
  return question.length > SHOWN_CHARACTERS ? `${question.slice(0, SHOWN_CHARACTERS).trimEnd()}…` : question;
}

class PendingAnswers extends HTMLElement {
  #gone = new AbortController();

  async connectedCallback() {
    await sweep();
    const found = await pending(owner);
    if (!found.length || !this.isConnected) return;
    this.append(
      el("section", { class: "pending", "aria-labelledby": "pending-heading" },
        el("h2", { id: "pending-heading" }, say("pending_title")),
        el("ul", {}, ...found.map((entry) => this.#item(entry)))));
  }

  disconnectedCallback() {
    this.#gone.abort();
  }

  #item(entry) {
    const key = entry.blob ? "pending_recording" : "pending_typed";
    const state = el("p", { class: "small", role: "status" });
    const buttons = el("p", { class: "row" });
    const item = el("li", {},
      el("p", {}, say(key, { time: clock(entry.seconds ?? 0), question: short(entry.question) })), state, buttons);
    if (entry.ready) this.#send(entry, state, buttons);
    else this.#offer(entry, state, buttons);
    return item;
  }

  #button(sign, key, action) {
    const button = el("button", { type: "button", class: "plain" }, icon(sign), say(key));
    button.addEventListener("click", action);
    return button;
  }

  #deletion(entry, state, buttons, first = () => {}) {
    return this.#button("delete", "pending_delete", async () => {
      first();
      await drop(entry.key);
      buttons.replaceChildren();
      state.textContent = say("deleted");
    });
  }

  #offer(entry, state, buttons) {
    const listen = () => {
      const audio = el("audio", { controls: true, src: URL.createObjectURL(entry.blob) });
      buttons.before(audio);
      buttons.querySelector("button").remove();
      audio.focus();
      audio.play().catch(() => null);
    };
    buttons.replaceChildren(...[
      entry.blob ? this.#button("play", "pending_listen", listen) : null,
      this.#button("upload", "pending_send", () => this.#send(entry, state, buttons)),
      this.#deletion(entry, state, buttons),
    ].filter(Boolean));
  }

  async #send(entry, state, buttons) {
    const mine = new AbortController();
    this.#gone.signal.addEventListener("abort", () => mine.abort());
    buttons.replaceChildren(this.#deletion(entry, state, buttons, () => mine.abort()));
    state.textContent = say("pending_sending");
    try {
      const id = await deliver(entry, {
        signal: mine.signal,
        onsent: (ratio) => ratio && (state.textContent = say("sending_detail", { percent: percent(ratio) })),
        onwait: (problem) => (state.textContent = problem?.detail ?? say("pending_waiting")),
      });
      state.textContent = say("pending_sent");
      const to = entry.interview ? [`/interviews/${entry.interview}`, "pending_go"] : [`/answers/${id}`, "pending_result"];
      buttons.replaceChildren(el("a", { class: "second", href: to[0] }, say(to[1]), icon("next")));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#offer(entry, state, buttons);
      state.textContent = say("pending_lost", { reason: error.problem.detail ?? error.problem.code });
    }
  }
}

customElements.define("pending-answers", PendingAnswers);
