// <memory-chart>: the last ten minutes against the limit, drawn from the samples as they come.

import { size } from "./admin_figures.js";
import { svg } from "./elements.js";
import { alert, percent, refuse, say } from "./say.js";

const MINUTES = 10;
const SPAN_MS = MINUTES * 60_000;
const GAP_MS = 5000; // samples come each second; a longer silence is drawn as one
const LINE = 16; // px between two labels
const MARGIN = { top: 14, right: 124, bottom: 24, left: 4 };
const NARROW = { ...MARGIN, right: 8, bottom: 48 };
const NARROW_BELOW = 560; // px; there the names of the curves stand below, not beside them

const SERIES = [
  ["working", (snapshot) => snapshot.working_set],
  ["web", (snapshot) => held(snapshot, "web")],
  ["worker", (snapshot) => held(snapshot, "worker")],
];

function held({ processes }, role) {
  return processes.reduce((sum, one) => sum + (one.role === role ? one.pss : 0), 0);
}

/** Labels wished at heights `ys`, moved so that none covers another. */
function apart(ys, bottom) {
  const order = ys.map((y, index) => [y, index]).sort(([a], [b]) => a - b);
  let last = -Infinity;
  for (const one of order) last = one[0] = Math.max(one[0], last + LINE);
  let next = bottom;
  for (const one of order.reverse()) next = (one[0] = Math.min(one[0], next)) - LINE;
  return order.reduce((out, [y, index]) => Object.assign(out, { [index]: y }), []);
}

class MemoryChart extends HTMLElement {
  #samples = [];
  #latest = null;

  connectedCallback() {
    new ResizeObserver(() => this.#draw()).observe(this);
  }

  /** Take a snapshot and draw; what is older than ten minutes is forgotten. */
  add(snapshot) {
    const at = Date.parse(snapshot.at);
    if (at <= this.#samples.at(-1)?.at) return;
    this.#samples.push({ at, values: SERIES.map(([, value]) => value(snapshot)) });
    this.#samples = this.#samples.filter((one) => one.at > at - SPAN_MS);
    this.#latest = snapshot;
    this.#draw();
  }

  #draw() {
    const { clientWidth: width, clientHeight: height } = this;
    if (!this.#latest || !width || document.hidden) return;
    const { limit, state } = this.#latest;
    const working = this.#samples.map(({ values }) => values[0]);
    const [low, high] = [Math.min(...working), Math.max(...working)];
    // On a machine without a limit of our own the curve would lie on the floor: then the
    // scale ends at twice the highest, and the limit is named above it.
    const top = limit > 5 * high ? 2 * high : limit;
    const narrow = width < NARROW_BELOW;
    const margin = narrow ? NARROW : MARGIN;
    const right = width - margin.right;
    const bottom = height - margin.bottom;
    const now = this.#samples.at(-1);
    const x = (at) => right - ((now.at - at) / SPAN_MS) * (right - MARGIN.left);
    const y = (bytes) => bottom - (bytes / top) * (bottom - MARGIN.top);

    const level = (bytes, text, kind) => {
      if (bytes > top) return [];
      return [svg("line", { class: kind, x1: MARGIN.left, x2: right, y1: y(bytes), y2: y(bytes) }),
        svg("text", { class: kind, x: MARGIN.left + 2, y: y(bytes) - 3 }, text)];
    };
    const path = (index) => this.#samples.map(({ at, values }, n) => {
      const joined = n && at - this.#samples[n - 1].at <= GAP_MS;
      return `${joined ? "L" : "M"}${x(at).toFixed(1)} ${y(values[index]).toFixed(1)}`;
    }).join("") + `h0.01`;
    const names = narrow ? this.#namesBelow(height - 8)
      : this.#namesBeside(right + 8, apart(now.values.map((value) => y(value) + 4), bottom));

    this.replaceChildren(svg("svg",
      { width, height, role: "img", "aria-label": say("chart", {
        minutes: MINUTES, low: size(low), high: size(high), now: size(now.values[0]),
        limit: size(limit), state: say(`state_${state}`) }) },
      svg("line", { class: "ground", x1: MARGIN.left, x2: right, y1: bottom, y2: bottom }),
      ...[MINUTES, MINUTES / 2].flatMap((minutes, n) => {
        const at = x(now.at - minutes * 60_000);
        return [svg("line", { class: "ground", x1: at, x2: at, y1: bottom, y2: bottom + 4 }),
          svg("text", { x: at, y: bottom + 17, "text-anchor": n ? "middle" : "start" },
            say("minutes_ago", { minutes }))];
      }),
      ...level(limit, say("limit", { size: size(limit) }), "limit"),
      ...level(refuse * limit, say("refuse_line", { percent: percent(refuse) }), "refuse"),
      ...level(alert * limit, say("alert_line", { percent: percent(alert) }), "alert"),
      limit > top ? svg("text", { class: "limit", x: MARGIN.left + 2, y: MARGIN.top - 2 },
        `↑ ${say("limit", { size: size(limit) })}`) : null,
      ...SERIES.map(([name], index) => svg("path", { class: `series ${name}`, d: path(index) })),
      ...names));
  }

  #namesBeside(x, heights) {
    return SERIES.map(([name], index) =>
      svg("text", { class: name, x, y: heights[index] }, say(`series_${name}`)));
  }

  #namesBelow(y) {
    let x = MARGIN.left;
    return SERIES.flatMap(([name]) => {
      const text = say(`series_${name}`);
      const drawn = [svg("path", { class: `series ${name}`, d: `M${x} ${y - 4}h22` }),
        svg("text", { class: name, x: x + 28, y }, text)];
      x += 28 + text.length * 7.5 + 16;
      return drawn;
    });
  }
}

customElements.define("memory-chart", MemoryChart);
