// The answer, played: from a place of the strip, from a sentence, by keyboard sentence by sentence.

import { el, icon } from "./elements.js";
import { ofAnswer } from "./outbox.js";
import { clock, say } from "./say.js";

const NEAR_SECONDS = 0.5; // so near its start, "back" means the sentence before

class AnswerPlayer extends HTMLElement {
  #audio = el("audio", { preload: "metadata" });
  #seconds = 0;
  #lines = [];

  async connectedCallback() {
    this.#seconds = Number(this.dataset.seconds);
    this.#lines = [...document.querySelectorAll(".transcript [data-start]")].map((line) => ({
      line, start: Number(line.dataset.start), end: Number(line.dataset.end) }));
    const source = this.dataset.audio ?? (await this.#kept());
    if (!source) return;
    this.#audio.src = source;
    this.#audio.addEventListener("error", () => this.#without());
    for (const event of ["play", "pause", "timeupdate", "seeked", "ended"]) {
      this.#audio.addEventListener(event, () => this.#follow());
    }
    this.#offer();
  }

  disconnectedCallback() {
    this.#audio.pause();
  }

  #part(name) {
    return this.querySelector(`[data-part="${name}"]`);
  }

  /** The recording on this device, where the server has none any more. */
  async #kept() {
    const kept = await ofAnswer(this.dataset.answer);
    return kept?.blob ? URL.createObjectURL(kept.blob) : null;
  }

  #offer() {
    this.append(this.#audio);
    this.#part("controls").hidden = false;
    this.#part("no-audio").hidden = true;
    this.querySelector('[data-do="play"]').addEventListener("click", () => this.#toggle());
    const strip = this.#part("strip");
    const values = { role: "slider", tabindex: 0, "aria-valuemin": 0, "aria-valuemax": Math.round(this.#seconds) };
    for (const [name, value] of Object.entries(values)) strip.setAttribute(name, value);
    strip.addEventListener("click", (event) => {
      const { left, width } = strip.getBoundingClientRect();
      this.#from(((event.clientX - left) / width) * this.#seconds);
    });
    strip.addEventListener("keydown", (event) => this.#key(event));
    for (const { line, start } of this.#lines) {
      const time = line.querySelector(".from");
      const button = el("button", { type: "button", class: time.className, "aria-label": say("play_from", { time: clock(start) }) },
        clock(start), icon("play")); // the sign comes last, so that the time stays where it was
      button.addEventListener("click", () => this.#from(start));
      time.replaceWith(button);
    }
    this.#follow();
  }

  #without() {
    this.#part("controls").hidden = true;
    this.#part("no-audio").textContent = say("not_playable");
    this.#part("no-audio").hidden = false;
    for (const name of ["role", "tabindex"]) this.#part("strip").removeAttribute(name);
    this.#part("strip").setAttribute("role", "img");
  }

  #from(at) {
    this.#audio.currentTime = Math.min(Math.max(0, at), this.#seconds);
    this.#play();
  }

  #play() {
    this.#audio.play().catch(() => null); // refused or broken: "error" says so
  }

  #toggle() {
    if (this.#audio.paused) this.#play();
    else this.#audio.pause();
  }

  #follow() {
    const at = this.#audio.currentTime;
    const done = this.#seconds ? Math.min(1, at / this.#seconds) : 0;
    const time = `${clock(at)} / ${clock(this.#seconds)}`;
    this.#part("time").textContent = time;
    const rect = this.#part("done");
    rect.setAttribute("width", done * rect.ownerSVGElement.viewBox.baseVal.width);
    for (const end of ["x1", "x2"]) this.#part("head").setAttribute(end, `${100 * done}%`);
    const strip = this.#part("strip");
    strip.setAttribute("aria-valuenow", Math.round(at));
    strip.setAttribute("aria-valuetext", time);
    const button = this.querySelector('[data-do="play"]');
    button.firstElementChild.replaceWith(icon(this.#audio.paused ? "play" : "pause"));
    button.lastElementChild.textContent = say(this.#audio.paused ? "play" : "pause");
    for (const { line, start, end } of this.#lines) {
      line.classList.toggle("now", !this.#audio.paused && at >= start && at < end);
    }
  }

  #key(event) {
    const at = this.#audio.currentTime;
    const starts = this.#lines.map(({ start }) => start);
    const to = {
      ArrowRight: () => starts.find((start) => start > at + 0.05),
      ArrowLeft: () => starts.findLast((start) => start < at - NEAR_SECONDS) ?? 0,
      Home: () => 0,
      End: () => starts.at(-1),
    }[event.key];
    if (to) this.#audio.currentTime = to() ?? at;
    else if (event.key === "Enter" || event.key === " ") this.#toggle();
    else return;
    event.preventDefault();
  }
}

customElements.define("answer-player", AnswerPlayer);
