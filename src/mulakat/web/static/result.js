// The result: strip and playback, transcript with its notes, ratings, measures, advice.

import { el, icon, svg } from "./elements.js";
import { showMeasures } from "./measures.js";
import { clock, number, percent, say } from "./say.js";
import { showTranscript } from "./transcript.js";

const BANDS = [[70, "solid"], [50, "fair"], [25, "thin"], [0, "absent"]];
const THIN_BELOW = 50;
const PAUSE_SECONDS = 1; // a pause worth drawing

function wordOf(score) {
  return say(`word_${BANDS.find(([least]) => score >= least)[1]}`);
}

function bar(name, score) {
  const label = say("bar", { name, word: wordOf(score), score: number(score) });
  return svg("svg", { class: "bar", role: "img", "aria-label": label, viewBox: "0 0 100 8", preserveAspectRatio: "none" },
    svg("rect", { class: "track", width: 100, height: 8 }),
    svg("rect", { class: score < THIN_BELOW ? "fill thin" : "fill", width: score, height: 8 }));
}

function row({ letter, name, weight, score, evidence = [], advice }, language) {
  const quote = evidence[0]?.quote;
  return el("li", {},
    el("div", { class: "rating" },
      el("h3", {}, letter ? el("b", {}, letter) : null, name),
      el("span", { class: "word" }, wordOf(score)), bar(name, score),
      el("span", { class: "figure" }, number(score))),
    weight ? el("p", { class: "small" }, say("share", { percent: percent(weight) })) : null,
    quote ? el("blockquote", { lang: language }, quote) : null,
    advice ? el("p", { class: "tip" }, advice) : null);
}

export class Result {
  #room;
  #address = null; // of the recording, for playing
  #starts = [];

  constructor(room) {
    this.#room = room;
    this.audio = this.#part("audio");
    this.strip = this.#part("said");
    this.button = room.querySelector('[data-do="play"]');
    this.button.addEventListener("click", () => (this.audio.paused ? this.audio.play() : this.audio.pause()));
    for (const event of ["play", "pause", "timeupdate", "ended"]) {
      this.audio.addEventListener(event, () => this.#follow());
    }
    this.strip.addEventListener("seek", ({ detail }) => this.#address && this.#playFrom(detail));
    this.strip.addEventListener("keydown", (event) => this.#key(event));
  }

  #part(name) {
    return this.#room.querySelector(`[data-part="${name}"]`);
  }

  /** Show a result of the API; `answer` is what was sent: language, and the file if it is here. */
  show(result, answer) {
    this.clear();
    this.seconds = result.strip?.seconds ?? 0;
    this.#address = answer.file ? URL.createObjectURL(answer.file) : null;
    if (this.#address) this.audio.src = this.#address;
    this.#showRating(result, answer);
    const notes = result.criteria.map((one, index) => ({
      ...one, letter: String.fromCharCode(97 + index), word: wordOf(one.score), thin: one.score < THIN_BELOW }));
    const list = this.#part("transcript");
    const play = this.#address ? (at) => this.#playFrom(at) : null;
    const { starts, unsure } = showTranscript(list, result, notes, answer.language, play);
    this.#starts = starts;
    this.#part("unsure").hidden = !unsure;
    const heading = this.#part("transcript-heading");
    heading.textContent = result.strip ? heading.dataset.said : heading.dataset.typed;
    this.#showStrip(result);
    showMeasures(this.#part("measures"), result.delivery);
    this.#part("measured").hidden = !result.delivery;
    this.#list("strengths", "strong", result.strengths);
    this.#list("improvements", "try", result.improvements.slice(0, 3));
    const file = new Blob([JSON.stringify(result, null, 2)], { type: "application/json" });
    this.#part("json").href = URL.createObjectURL(file);
  }

  /** Let the recording and the result go. */
  clear() {
    this.audio.pause();
    this.audio.removeAttribute("src");
    for (const address of [this.#address, this.#part("json").href]) if (address) URL.revokeObjectURL(address);
    this.#address = null;
    this.#part("json").removeAttribute("href");
  }

  #showRating({ scored, reason, score, criteria, evaluation }, { language }) {
    this.#part("not-scored").hidden = scored;
    this.#part("rated").hidden = !scored;
    this.#part("not-scored").textContent = reason?.detail ?? evaluation;
    this.#part("evaluation").textContent = evaluation;
    const rows = criteria.map((one, index) => row({ ...one, letter: String.fromCharCode(97 + index) }, language));
    if (scored) rows.unshift(row({ name: say("overall"), score }, language));
    rows[0]?.classList.toggle("overall", scored);
    this.#part("criteria").replaceChildren(...rows);
  }

  #list(name, box, sentences) {
    this.#part(box).hidden = !sentences.length;
    this.#part(name).replaceChildren(...sentences.map((sentence) => el("li", {}, sentence)));
  }

  #showStrip({ strip, words, delivery }) {
    this.#part("player").hidden = !strip;
    if (!strip) return;
    const gaps = words.slice(1).map((word, index) => [words[index][2], word[1]]);
    const pauses = (delivery?.pauses.longer ?? gaps).filter(([start, end]) => end - start >= PAUSE_SECONDS);
    const fillers = delivery?.fillers.items ?? [];
    this.strip.show({ levels: strip.envelope, step: strip.step, seconds: strip.seconds, pauses, fillers });
    this.strip.filled = 0;
    const listed = (items, key, params) =>
      items.map((item) => say(key, params(item))).join(", ") || say("none");
    const description = say("strip_said", {
      time: clock(strip.seconds),
      pauses: listed(pauses, "pause_at", ([start, end]) => ({ seconds: number(end - start, 1), time: clock(start) })),
      fillers: listed(fillers, "filler_at", ({ text, start }) => ({ text, time: clock(start) })),
    });
    const playable = Boolean(this.#address);
    this.strip.setAttribute("role", playable ? "slider" : "img");
    this.strip.setAttribute("aria-label", description);
    this.strip.toggleAttribute("data-playable", playable);
    if (playable) {
      this.strip.tabIndex = 0;
      this.strip.setAttribute("aria-valuemin", 0);
      this.strip.setAttribute("aria-valuemax", Math.round(strip.seconds));
    } else this.strip.removeAttribute("tabindex");
    this.button.hidden = !playable;
    this.#room.querySelector(".keys").hidden = !playable;
    this.#follow();
  }

  #playFrom(at) {
    this.audio.currentTime = at;
    this.audio.play();
  }

  #follow() {
    const at = this.audio.currentTime || 0;
    const time = `${clock(at)} / ${clock(this.seconds)}`;
    this.#part("time").textContent = time;
    this.strip.filled = this.seconds ? at / this.seconds : 0;
    this.strip.setAttribute("aria-valuenow", Math.round(at));
    this.strip.setAttribute("aria-valuetext", time);
    this.button.firstElementChild.replaceWith(icon(this.audio.paused ? "play" : "pause"));
    this.button.lastElementChild.textContent = say(this.audio.paused ? "play" : "pause");
  }

  #key(event) {
    if (!this.#address) return;
    const at = this.audio.currentTime;
    if (event.key === "ArrowRight") this.audio.currentTime = this.#starts.find((one) => one > at + 0.05) ?? at;
    else if (event.key === "ArrowLeft") this.audio.currentTime = this.#starts.findLast((one) => one < at - 0.5) ?? 0;
    else if (event.key === "Enter" || event.key === " ") this.button.click();
    else return;
    event.preventDefault();
  }
}
