// One bar from the first byte sent to the rating: where an answer is, in words and on the strip.

import { LEVEL_SECONDS } from "./recorder.js";
import { number, percent, say } from "./say.js";

// The shares of the whole that each stage has, roughly by the time it takes.
const SENT = 0.2;
const HEARD = 0.9;

/** Where a progress document of the server stands: words, what is known of the rest, and 0–1. */
export function standing({ stage, place, estimate_seconds: seconds, progress }) {
  if (stage === "queued") {
    const detail = place ? say("queue_place", { place: number(place), seconds: number(seconds ?? 0) }) : "";
    return [say("stage_queued"), detail, SENT];
  }
  if (stage === "transcribing") {
    const ratio = (progress ?? 0) / 100;
    return [say("stage_transcribing"), say("stage_detail", { percent: percent(ratio) }), SENT + (HEARD - SENT) * ratio];
  }
  return [say(stage === "evaluating" ? "stage_evaluating" : "stage_decoding"), "", stage === "evaluating" ? HEARD : SENT];
}

export class Waiting {
  #parts;
  #status;
  #reached = 0;

  /** `parts`: progress (the strip), stage, detail; `status` is told each new stage. */
  constructor(parts, status = () => {}) {
    this.#parts = parts;
    this.#status = status;
  }

  begin({ levels = [], seconds = 0 } = {}) {
    const strip = this.#parts.progress;
    this.#reached = 0;
    const stated = { role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100, "aria-label": say("strip_progress") };
    for (const [name, value] of Object.entries(stated)) strip.setAttribute(name, value);
    strip.show({ levels, step: LEVEL_SECONDS, seconds: seconds || levels.length * LEVEL_SECONDS || 1 });
  }

  sent(ratio) {
    this.tell(say("sending"), say("sending_detail", { percent: percent(ratio) }), SENT * ratio);
  }

  /** Say that it has to be sent again by itself: `problem` is the server's, null without a connection. */
  trouble(problem, kept, spoken) {
    const lost = kept ? (spoken ? "connection" : "connection_typed") : "connection_open";
    this.tell(problem?.title ?? say("connection_title"), problem ? `${problem.detail} ${say("later")}` : say(lost));
  }

  /** Say a stage; the bar goes to `ratio` but never back, and stays with null. */
  tell(stage, detail, ratio = null) {
    const { progress, ...lines } = this.#parts;
    if (lines.stage.textContent !== stage) {
      lines.stage.textContent = stage;
      this.#status(stage);
    }
    lines.detail.textContent = detail;
    if (ratio !== null) this.#reached = Math.max(this.#reached, ratio);
    progress.filled = this.#reached;
    progress.setAttribute("aria-valuenow", Math.round(100 * this.#reached));
    progress.setAttribute("aria-valuetext", `${stage}. ${detail}`);
  }
}
