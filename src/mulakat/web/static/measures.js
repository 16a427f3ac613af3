// How an answer was spoken: each measure with its unit, its usual range, and where it lies.

import { el } from "./elements.js";
import { number, percent, say } from "./say.js";

function usual(value, range, show) {
  if (!Array.isArray(range)) return null;
  const [low, high] = range;
  const where = value < low ? "below" : value > high ? "above" : null;
  return el("span", { class: "norm" },
    say(low > 0 ? "usual" : "usual_most", { low: show(low), high: show(high) }),
    where ? " · " : null, where ? el("span", { class: "off" }, say(where)) : null);
}

function measure(name, value, unit, norm = null) {
  return el("div", {}, el("dt", {}, name),
    el("dd", {}, el("span", { class: "figure" }, value), unit ? ` ${unit}` : null, norm ? " " : null, norm));
}

/** Fill a definition list with the delivery measures of a result; what was not measured is left out. */
export function showMeasures(list, delivery) {
  if (!delivery) return list.replaceChildren();
  const { norms = {}, pauses, fillers } = delivery;
  const whole = (value) => number(value);
  const tenth = (value) => number(value, 1);
  const rate = (key, value, show, unit = say(`${key}_unit`)) =>
    value === null || value === undefined ? null
      : measure(say(key), show(value), unit, usual(value, norms[key], show));
  const found = fillers.items.map(({ text }) => text.toLocaleLowerCase());
  const said = [...new Set(found)].map((text) => `“${text}”`).join(", ");
  list.replaceChildren(...[
    rate("words_per_minute", delivery.words_per_minute, whole),
    rate("articulation_rate", delivery.articulation_rate, tenth),
    rate("speech_ratio", delivery.speech_ratio, percent, null),
    measure(say("pauses"), whole(pauses.count), pauses.count
      ? say("pauses_unit", { total: tenth(pauses.total), longest: tenth(pauses.longest) }) : null),
    rate("pauses_per_minute", pauses.per_minute, tenth, null),
    measure(say("fillers"), whole(fillers.count), said || null),
    rate("fillers_per_minute", fillers.per_minute, tenth, null),
  ].filter(Boolean));
}
