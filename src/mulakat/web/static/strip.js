// The answer strip while it grows and while it is waited for; of a result the server draws it
// (templates/strip.html).

import { svg } from "./elements.js";

const HEIGHT = 76;
const MIDDLE = 40;
const REACH = 22; // of a bar, up and down from the middle
const PITCH = 4; // from bar to bar
let made = 0;

class AnswerStrip extends HTMLElement {
  #levels = [];
  #step = 1;
  #seconds = 1;
  #filled = 0;
  #clip = null;
  #width = 0;
  #id = `strip-${++made}`;

  connectedCallback() {
    new ResizeObserver(() => this.#draw()).observe(this);
  }

  /** Show levels 0–100, one for each `step` seconds of `seconds`. */
  show({ levels = [], step = 1, seconds = 1 }) {
    this.#levels = levels;
    this.#step = step;
    this.#seconds = Math.max(seconds, 0.1);
    this.#draw(true);
  }

  /** How much of it, 0–1, is drawn in the accent colour. */
  set filled(ratio) {
    this.#filled = Math.min(1, Math.max(0, ratio));
    this.#clip?.setAttribute("width", this.#filled * this.#width);
  }

  #bars() {
    const count = Math.max(1, Math.floor(this.#width / PITCH));
    const each = this.#seconds / count;
    let path = "";
    for (let bar = 0; bar < count; bar++) {
      const from = Math.floor((bar * each) / this.#step);
      const to = Math.max(from + 1, Math.ceil(((bar + 1) * each) / this.#step));
      if (from >= this.#levels.length) break;
      const level = Math.max(0, ...this.#levels.slice(from, to));
      const reach = Math.max(0.75, (level / 100) * REACH).toFixed(1);
      path += `M${(((bar + 0.5) / count) * this.#width).toFixed(1)} ${MIDDLE - reach}v${2 * reach}`;
    }
    return path;
  }

  #draw(changed = false) {
    const width = this.clientWidth;
    if (!width || (width === this.#width && !changed)) return;
    this.#width = width;
    const bars = this.#bars();
    this.#clip = svg("rect", { width: 0, height: HEIGHT });
    const layer = (attributes) => svg("g", attributes,
      svg("line", { x1: 0, x2: width, y1: MIDDLE, y2: MIDDLE, class: "ground" }), svg("path", { d: bars, class: "bars" }));
    this.replaceChildren(
      svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, "aria-hidden": "true", class: "strip" },
        svg("clipPath", { id: this.#id }, this.#clip),
        layer({ class: "voiced" }),
        layer({ class: "voiced done", "clip-path": `url(#${this.#id})` })));
    this.filled = this.#filled;
  }
}

customElements.define("answer-strip", AnswerStrip);
