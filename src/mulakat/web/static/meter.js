// What is heard while speaking: the growing strip, the level, and a word when it sounds wrong.

import { LEVEL_SECONDS } from "./recorder.js";
import { clock, limits, say } from "./say.js";

const HEARD_LEVEL = 12; // speech, even far away, is above it; a quiet room below
const SILENT_SECONDS = 4;
const QUIET_LEVEL = 34; // the loud tenth of quiet speech: about -38 dB
const QUIET_SECONDS = 8; // of speech and pauses that are looked back on
const SPOKEN_SHARE = 0.4; // of that time, for it to be speech and not a room
const CLIPPED_FRAMES = 6; // of twenty a second, within the time looked back on
const STAY_SECONDS = 4; // a word stays this long, to be read
const WARN_SECONDS = 60;
const FIRST_SPAN_SECONDS = 20; // the growing strip's width, until the answer is longer
const LOUD_TENTH = 0.9;

function loud(levels) {
  return [...levels].sort((one, other) => one - other)[Math.floor(levels.length * LOUD_TENTH)] ?? 0;
}

export class Meter {
  #parts;
  #clips = []; // seconds at which it was distorted
  #until = 0;

  /** `parts`: strip, elapsed, level, warning. */
  constructor(parts) {
    this.#parts = parts;
    parts.warning.textContent = "";
    parts.elapsed.textContent = clock(0);
  }

  /** Show one look at a recording; returns a sentence when a new one is shown. */
  show({ level, clipped, seconds }, recording) {
    this.#parts.elapsed.textContent = clock(seconds);
    this.#parts.level.setAttribute("width", level);
    this.#parts.level.classList.toggle("thin", clipped);
    if (clipped) this.#clips.push(seconds);
    const { levels } = recording;
    this.#parts.strip.show({ levels, step: LEVEL_SECONDS, seconds: Math.max(FIRST_SPAN_SECONDS, seconds) });
    this.#parts.strip.filled = 1;
    const sentence = this.#word(levels, seconds, recording.muted);
    const { warning } = this.#parts;
    if (warning.textContent === sentence || (!sentence && seconds < this.#until)) return "";
    warning.textContent = sentence;
    this.#until = seconds + STAY_SECONDS;
    return sentence;
  }

  #word(levels, seconds, muted) {
    if (muted) return say("muted");
    if (seconds > limits.seconds - WARN_SECONDS) return say("minute_left");
    const recent = levels.slice(-QUIET_SECONDS / LEVEL_SECONDS);
    if (this.#clips.filter((at) => seconds - at < QUIET_SECONDS).length >= CLIPPED_FRAMES) return say("clipping");
    if (seconds > SILENT_SECONDS && !levels.some((level) => level > HEARD_LEVEL)) return say("unheard");
    const spoken = recent.filter((level) => level > HEARD_LEVEL);
    if (spoken.length > SPOKEN_SHARE * recent.length && seconds >= QUIET_SECONDS && loud(spoken) < QUIET_LEVEL) return say("quiet");
    return "";
  }

  /** What to say of the whole recording before it is sent; empty when it sounds right. */
  verdict({ levels }) {
    const spoken = levels.filter((level) => level > HEARD_LEVEL);
    if (!levels.length) return "";
    if (!spoken.length) return say("length_silent");
    if (this.#clips.length >= CLIPPED_FRAMES) return say("length_clipping");
    return loud(spoken) < QUIET_LEVEL ? say("length_quiet") : "";
  }
}
