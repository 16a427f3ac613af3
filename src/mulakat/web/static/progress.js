// An answer on its way: one bar from the queue to the result, which is then shown in its place.

import { ofAnswer } from "./outbox.js";
import { say } from "./say.js";
import { follow } from "./server.js";
import "./strip.js";
import { standing } from "./waiting.js";

const LOOK_AGAIN_MS = 700; // for a correction, which takes one or two seconds

class AnswerProgress extends HTMLElement {
  #ended = new AbortController();

  connectedCallback() {
    if (this.hasAttribute("data-correcting")) this.#correcting();
    else this.#rating();
  }

  disconnectedCallback() {
    this.#ended.abort();
  }

  #part(name) {
    return this.querySelector(`[data-part="${name}"]`);
  }

  async #rating() {
    this.#draw();
    try {
      await follow(this.dataset.answer, {
        signal: this.#ended.signal,
        onprogress: (progress) => this.#show(progress),
        onlost: () => (this.#part("detail").textContent = say("reconnecting")),
      });
    } catch {
      // Failed or deleted: the page itself says so.
    }
    if (!this.#ended.signal.aborted) location.reload();
  }

  #show(progress) {
    const [stage, detail, ratio] = standing(progress);
    if (this.#part("stage").textContent !== stage) this.#part("stage").textContent = stage;
    this.#part("detail").textContent = detail;
    this.#part("bar").value = Math.max(this.#part("bar").value, 100 * ratio); // never back
    this.#part("strip").filled = this.#part("bar").value / 100;
  }

  /** The strip that was drawn while speaking takes the bar's place to the eye; the bar stays for the ear. */
  async #draw() {
    const entry = await ofAnswer(this.dataset.answer);
    if (!entry?.levels?.length) return;
    const strip = this.#part("strip");
    strip.setAttribute("aria-hidden", "true");
    strip.hidden = false;
    strip.show({ levels: entry.levels, step: entry.seconds / entry.levels.length, seconds: entry.seconds });
    strip.filled = this.#part("bar").value / 100;
    this.#part("bar").classList.add("visually-hidden");
  }

  async #correcting() {
    const path = `/api/v1/evaluations/${this.dataset.answer}`;
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
      if (this.#ended.signal.aborted) return;
      const response = await fetch(path).catch(() => null);
      if (!response || response.status >= 500) continue;
      const { correcting } = await response.json().catch(() => ({}));
      if (!correcting || correcting.status === "failed") break;
    }
    location.reload();
  }
}

/** What failed is still here to be saved, where this browser kept it. */
class KeptRecording extends HTMLElement {
  async connectedCallback() {
    const entry = await ofAnswer(this.dataset.answer);
    if (!entry?.blob) return;
    const save = this.querySelector('[data-part="save"]');
    save.href = URL.createObjectURL(entry.blob);
    save.download = entry.name ?? "answer";
    this.hidden = false;
  }
}

customElements.define("answer-progress", AnswerProgress);
customElements.define("kept-recording", KeptRecording);
