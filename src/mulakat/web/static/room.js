// Answering one question: record, pause, listen, record again, type or upload, then send. One view at a time.

import "./strip.js";
import { Capture } from "./capture.js";
import { Departure } from "./departure.js";
import { drop, keep, sweep, unsent } from "./outbox.js";
import { NoRecording } from "./recorder.js";
import { showRecording } from "./review.js";
import { limits, owner, problems, say } from "./say.js";
import { newEntry, newKey } from "./sending.js";
import { Refusal } from "./server.js";
import { Views, onSpace } from "./views.js";

const LEAST_SECONDS = 1; // a double click is no answer

class AnswerRoom extends Views {
  #entry = null; // the answer as outbox.js keeps it
  #kept = true;
  #starting = false;
  #capture;
  #departure;
  #keys = onSpace(() => this.#do[{ ready: "record", recording: "stop" }[this.dataset.state]]);
  #leaving = (event) => (this.#capture.running || (this.#entry && !this.#kept)) && event.preventDefault();

  #do = {
    record: () => this.part("record-hint") && this.#record(), // not where nothing can hear
    stop: () => this.#capture.seconds >= LEAST_SECONDS && this.#stop(),
    pause: () => this.status(say(this.#capture.toggle() ? "paused" : "resumed")),
    redo: () => this.#redo(),
    type: () => this.show("typing", "#typed"),
    untype: () => (this.#entry?.blob ? this.show("review") : this.show("ready", ".main")),
    send: () => this.#send(),
    cancel: () => this.#cancel(),
  };

  connectedCallback() {
    this.form = this.querySelector("form");
    this.#capture = new Capture({ strip: this.part("growing"), ...this.parts("elapsed", "level", "warning", "pause") }, {
      tell: (sentence) => this.status(sentence),
      ended: (sound, key) => this.#review(sound, key),
    });
    this.#departure = new Departure(this.parts("progress", "stage", "detail"),
      this.querySelector('[data-do="retry"]'), (sentence) => this.status(sentence));
    this.addEventListener("click", (event) => this.#do[event.target.closest("[data-do]")?.dataset.do]?.());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#sendTyped();
    });
    this.form.addEventListener("input", () => this.#begun(), { once: true });
    const file = this.querySelector("input[type=file]");
    file?.addEventListener("change", () => this.#upload(file));
    document.addEventListener("keydown", this.#keys);
    window.addEventListener("beforeunload", this.#leaving);
    this.#resume();
  }

  disconnectedCallback() {
    this.#capture.discard();
    this.#departure.stop();
    document.removeEventListener("keydown", this.#keys);
    window.removeEventListener("beforeunload", this.#leaving);
  }

  #begun() {
    this.dispatchEvent(new CustomEvent("begun", { bubbles: true }));
  }

  /** A new entry for the question as it stands; null when there is none. */
  #new() {
    this.notice(null);
    const own = document.querySelector("textarea#question");
    if (own && !this.field(own, own.value.trim() ? null : problems.question_missing)) return null;
    return newEntry(this.form, this.dataset, own?.value ?? document.querySelector(".question").textContent);
  }

  async #record() {
    const entry = !this.#starting && this.#new();
    if (!entry) return;
    this.#starting = true;
    const hint = this.part("record-hint");
    const usual = [...hint.childNodes];
    hint.textContent = say("asking_microphone");
    this.#begun();
    try {
      await this.#capture.start(entry);
    } catch (error) {
      if (!(error instanceof NoRecording)) throw error;
      this.show("ready", null);
      return this.tell(error.key);
    } finally {
      this.#starting = false;
      hint.replaceChildren(...usual);
    }
    this.#entry = entry;
    this.show("recording", '[data-do="stop"]');
    this.status(say("recording_started"));
  }

  async #stop() {
    const sound = await this.#capture.stop();
    if (sound) await this.#review(sound, "recording_stopped");
  }

  /** Offer what was recorded, and keep it; `key` names the sentence for what ended it. */
  async #review({ warning, ...sound }, key) {
    Object.assign(this.#entry, sound);
    this.#offer(warning);
    if (key === "microphone_lost") this.tell(key, false);
    else this.status(say(key));
    this.#kept = await keep({ ...this.#entry, ready: false });
    if (!this.#kept && !warning) this.part("sound").textContent = say("not_kept");
  }

  #offer(warning = "") {
    this.show("review", '[data-do="send"]');
    showRecording(this.parts("listen", "save", "length", "sound", "recorded"), this.#entry, warning);
  }

  #redo() {
    this.#forget();
    this.#record();
  }

  #forget() {
    this.#capture.discard();
    if (this.#entry) drop(this.#entry.key);
    this.#entry = null;
  }

  #sendTyped() {
    const field = this.querySelector("#typed");
    const text = field.value.trim();
    const entry = this.#new();
    if (!entry || !this.field(field, text ? null : problems.answer_missing)) return;
    this.#forget(); // it was written in place of a recording
    this.#entry = { ...entry, text };
    this.#send();
  }

  #upload(input) {
    const [file] = input.files;
    const entry = file && this.#new();
    const problem = file?.size > limits.bytes ? problems.too_large : file?.size === 0 ? problems.audio_empty : null;
    if (!entry || problem) return problem && this.notice(problem);
    this.#entry = { ...entry, blob: file, name: file.name, levels: [], seconds: 0 };
    input.value = "";
    this.#begun();
    this.#offer();
  }

  async #send() {
    const entry = this.#entry;
    this.part("listen").pause();
    this.notice(null);
    this.show("sending");
    try {
      const id = await this.#departure.go(entry, (kept) => (this.#kept = kept));
      this.#entry = null;
      const accepted = new CustomEvent("accepted", { bubbles: true, cancelable: true, detail: id });
      if (this.dispatchEvent(accepted)) location.assign(`/answers/${id}`);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      await this.#refused(error.problem);
    }
  }

  async #refused(problem) {
    await drop(this.#entry.key);
    this.#entry.key = newKey(); // the old one may stand for what was refused
    this.#kept = await keep({ ...this.#entry, ready: false });
    if (this.#entry.blob) this.#offer();
    else this.show("typing", null);
    this.notice(problem.detail ? problem : { ...problems.internal, status: problem.status });
  }

  #cancel() {
    this.#departure.stop();
    this.#forget();
    this.show("ready", ".main");
    this.status(say("deleted"));
  }

  /** Take up what an earlier visit left unsent for this question of this interview. */
  async #resume() {
    await sweep();
    const { interview, turn } = this.dataset; // <pending-answers> has those of no interview
    const mine = turn && (await unsent(owner, interview, Number(turn)));
    if (!mine || this.dataset.state !== "ready") return;
    this.#entry = mine;
    if (mine.ready) return this.#send();
    if (!mine.blob) {
      this.querySelector("#typed").value = mine.text;
      return this.show("typing", null);
    }
    this.#offer();
    this.tell("found", false);
  }
}

customElements.define("answer-room", AnswerRoom);
