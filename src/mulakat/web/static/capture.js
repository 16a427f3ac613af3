// Recording an answer: shown while it grows, kept on the device meanwhile, ended by us, a limit or a plug.

import { icon } from "./elements.js";
import { Meter } from "./meter.js";
import { drop, keep } from "./outbox.js";
import { Recording } from "./recorder.js";
import { limits, say } from "./say.js";

const SAFETY_SECONDS = 2; // the encoder may add a little; the limit is on decoded sound
const KEEP_MS = 20_000; // so much is lost at most when the tab dies

export class Capture {
  #parts;
  #entry = null;
  #recording = null;
  #meter = null;
  #timer;
  #tell;
  #ended;
  #hidden = false;
  #visibility = () => this.#hide();

  /** `tell(sentence)` is for the ear; `ended(sound, key)` when it stops by itself, with the sentence's key. */
  constructor(parts, { tell, ended }) {
    this.#parts = parts;
    this.#tell = tell;
    this.#ended = ended;
  }

  get running() {
    return this.#recording !== null;
  }

  get paused() {
    return Boolean(this.#recording?.paused);
  }

  get seconds() {
    return this.#recording?.seconds ?? 0;
  }

  /** Begin to record the answer that `entry` will be. Throws NoRecording. */
  async start(entry) {
    this.#entry = entry;
    this.#hidden = false;
    this.#meter = new Meter(this.#parts);
    this.#recording = await Recording.start((look) => this.#hear(look));
    this.#recording.whenLost(() => this.#end("microphone_lost"));
    this.#timer = setInterval(() => this.#keep(), KEEP_MS);
    this.#label();
    document.addEventListener("visibilitychange", this.#visibility);
  }

  #hear(look) {
    if (!this.#recording) return; // the first look may come before it is ours
    const word = this.#meter.show(look, this.#recording);
    if (word) this.#tell(word);
    if (look.seconds >= limits.seconds - SAFETY_SECONDS) this.#end("limit_reached");
  }

  #keep() {
    const sound = this.#recording.soFar();
    if (sound.blob.size) keep({ ...this.#entry, ...sound, ready: false });
  }

  #hide() {
    if (document.visibilityState === "hidden") {
      this.#hidden = true;
      this.#keep(); // a phone may end a tab that is not seen
    } else this.#tell(say("was_hidden"));
  }

  /** Pause or go on; whether it is paused now. */
  toggle() {
    if (this.paused) this.#recording.resume();
    else this.#recording.pause();
    this.#label();
    return this.paused;
  }

  #label() {
    const { pause, elapsed } = this.#parts;
    pause.firstElementChild.replaceWith(icon(this.paused ? "microphone" : "pause"));
    pause.lastElementChild.textContent = say(this.paused ? "resume_recording" : "pause_recording");
    elapsed.classList.toggle("paused", this.paused);
  }

  async #end(key) {
    const sound = await this.stop();
    if (sound) this.#ended(sound, key);
  }

  /** Stop: blob, name, seconds, levels, and in `warning` what sounds wrong; null when it is over already. */
  async stop() {
    const recording = this.#let();
    if (!recording) return null;
    const sound = await recording.stop();
    return { ...sound, warning: this.#meter.verdict(sound) || (this.#hidden ? say("was_hidden") : "") };
  }

  discard() {
    const recording = this.#let();
    recording?.discard();
    if (recording) drop(this.#entry.key);
  }

  #let() {
    const recording = this.#recording;
    this.#recording = null;
    clearInterval(this.#timer);
    document.removeEventListener("visibilitychange", this.#visibility);
    return recording;
  }
}
