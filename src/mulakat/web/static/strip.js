// The answer strip: one drawing of an answer, the same while it is recorded, sent and read.

import { svg } from "./elements.js";
import { number, say } from "./say.js";

const HEIGHT = 76;
const MIDDLE = 40;
const REACH = 22; // of a bar, up and down from the middle
const PITCH = 4; // from bar to bar
const LABEL_WIDTH = 42; // two pause labels closer than this would touch
let made = 0;

class AnswerStrip extends HTMLElement {
  #levels = [];
  #step = 1;
  #seconds = 1;
  #pauses = [];
  #fillers = [];
  #filled = 0;
  #clip = null;
  #head = null;
  #width = 0;

  connectedCallback() {
    new ResizeObserver(() => this.#draw()).observe(this);
    this.addEventListener("click", (event) => {
      const box = this.getBoundingClientRect();
      const at = ((event.clientX - box.left) / box.width) * this.#seconds;
      this.dispatchEvent(new CustomEvent("seek", { detail: Math.max(0, at) }));
    });
  }

  /**
   * Show levels 0–100, one for each `step` seconds of `seconds`; `pauses` are [start, end],
   * `fillers` have a `start`.
   */
  show({ levels = [], step = 1, seconds = 1, pauses = [], fillers = [] }) {
    this.#levels = levels;
    this.#step = step;
    this.#seconds = Math.max(seconds, 0.1);
    this.#pauses = pauses;
    this.#fillers = fillers;
    this.#draw(true);
  }

  /** How much of it, 0–1, is drawn in the accent colour. */
  set filled(ratio) {
    this.#filled = Math.min(1, Math.max(0, ratio));
    const x = this.#filled * this.#width;
    this.#clip?.setAttribute("width", x);
    this.#head?.setAttribute("x1", x);
    this.#head?.setAttribute("x2", x);
  }

  #x(seconds) {
    return (seconds / this.#seconds) * this.#width;
  }

  #bars() {
    const count = Math.max(1, Math.floor(this.#width / PITCH));
    const each = this.#seconds / count;
    let path = "";
    for (let bar = 0; bar < count; bar++) {
      const middle = (bar + 0.5) * each;
      if (this.#pauses.some(([start, end]) => middle > start && middle < end)) continue;
      const from = Math.floor((bar * each) / this.#step);
      const to = Math.max(from + 1, Math.ceil(((bar + 1) * each) / this.#step));
      if (from >= this.#levels.length) break;
      const level = Math.max(0, ...this.#levels.slice(from, to));
      const reach = Math.max(0.75, (level / 100) * REACH).toFixed(1);
      path += `M${(this.#x(middle)).toFixed(1)} ${MIDDLE - reach}v${2 * reach}`;
    }
    return path;
  }

  #gaps() {
    const parts = [];
    let labelled = -Infinity;
    for (const [start, end] of this.#pauses) {
      const x1 = this.#x(start);
      const x2 = this.#x(end);
      parts.push(svg("line", { x1, x2, y1: MIDDLE, y2: MIDDLE, class: "gap" }));
      const middle = Math.min(this.#width - LABEL_WIDTH / 2, Math.max(LABEL_WIDTH / 2, (x1 + x2) / 2));
      if (middle - labelled < LABEL_WIDTH) continue;
      labelled = middle;
      parts.push(
        svg("text", { x: middle, y: 11, "text-anchor": "middle" }, say("seconds", { seconds: number(end - start, 1) })),
      );
    }
    return parts;
  }

  #draw(changed = false) {
    const width = this.clientWidth;
    if (!width || (width === this.#width && !changed)) return;
    this.#width = width;
    const id = this.dataset.clip ?? (this.dataset.clip = `strip-${++made}`);
    const bars = this.#bars();
    const ticks = this.#fillers.map(({ start, text }) => {
      const x = this.#x(start);
      const tick = svg("line", { x1: x, x2: x, y1: HEIGHT - 11, y2: HEIGHT - 3, class: "tick" });
      tick.append(svg("title", {}, text));
      return tick;
    });
    this.#clip = svg("rect", { width: 0, height: HEIGHT });
    this.#head = svg("line", { y1: 14, y2: HEIGHT - 12, class: "head" });
    this.replaceChildren(
      svg(
        "svg",
        { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, "aria-hidden": "true" },
        svg("clipPath", { id }, this.#clip),
        svg("line", { x1: 0, x2: width, y1: MIDDLE, y2: MIDDLE, class: "ground" }),
        svg("path", { d: bars, class: "bars" }),
        ...this.#gaps(),
        ...ticks,
        svg("g", { "clip-path": `url(#${id})` },
          svg("line", { x1: 0, x2: width, y1: MIDDLE, y2: MIDDLE, class: "ground done" }),
          svg("path", { d: bars, class: "bars done" })),
        this.#head,
      ),
    );
    this.filled = this.#filled;
  }
}

customElements.define("answer-strip", AnswerStrip);
