// The interview room: one question, one answer, its result. One view is shown at a time.

import "./strip.js";
import { LEVEL_SECONDS, NoRecording, Recording } from "./recorder.js";
import { Result } from "./result.js";
import { clock, has, language, limits, number, percent, problems, questions, say } from "./say.js";
import { Refusal, Unreachable, follow, passing, reachable, remove, send } from "./server.js";

const SAFETY_SECONDS = 2; // the encoder may add a little; the limit is on decoded sound
const WARN_SECONDS = 60;
const SILENT_LEVEL = 12;
const SILENT_SECONDS = 4;
const FIRST_SPAN_SECONDS = 20; // the growing strip's width, until the answer is longer
const KEPT = "mulakat.answer"; // in sessionStorage: a reload takes the evaluation up again

/** A new Idempotency-Key; browsers keep randomUUID from pages opened over plain http. */
function newKey() {
  return crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint32Array(4))].join("-");
}

class InterviewRoom extends HTMLElement {
  #answer = null; // what is being answered: question, language, file or text, key, levels
  #recording = null;
  #starting = false;
  #following = null; // AbortController of the evaluation or of waiting for the server
  #unsent = false;

  connectedCallback() {
    this.result = new Result(this);
    this.form = this.querySelector("form");
    this.question = this.querySelector("#question");
    this.typed = this.querySelector("#typed");
    this.addEventListener("click", (event) => {
      const action = event.target.closest("[data-do]")?.dataset.do;
      if (action) this.#actions[action]?.();
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#sendTyped();
    });
    const file = this.querySelector("input[type=file]");
    file.addEventListener("change", () => {
      if (file.files[0]) this.#sendFile(file.files[0]);
      file.value = "";
    });
    for (const choice of this.querySelectorAll("[name=language]")) {
      choice.addEventListener("change", () => this.#languageChosen(choice.value));
    }
    window.addEventListener("beforeunload", (event) => {
      if (this.#unsent) event.preventDefault();
    });
    this.#resume();
  }

  #actions = {
    another: () => this.#anotherQuestion(),
    record: () => this.#record(),
    stop: () => this.#recording?.seconds >= 1 && this.#stop(), // a double click is no answer
    restart: () => {
      this.#drop();
      this.#record();
    },
    discard: () => {
      this.#drop();
      this.#status(say("discarded"));
      this.#toQuestion();
    },
    type: () => this.#showTyping(this.form.hidden),
    untype: () => this.#showTyping(false),
    retry: () => this.#evaluate(),
    back: () => this.#toQuestion(),
    again: () => this.#toQuestion(),
    next: () => {
      this.#anotherQuestion();
      this.#toQuestion();
    },
    delete: () => this.#delete(),
  };

  #part(name) {
    return this.querySelector(`[data-part="${name}"]`);
  }

  #status(sentence) {
    this.#part("status").textContent = sentence;
  }

  /** Show one view; its question, then the focus on `focus` or on its heading. */
  #show(view, focus = "h1") {
    for (const section of this.querySelectorAll("[data-view]")) {
      section.hidden = section.dataset.view !== view;
    }
    const shown = this.querySelector(`[data-view="${view}"]`);
    const question = shown.querySelector('[data-part="question"]');
    if (question && this.#answer) {
      question.textContent = this.#answer.question;
      question.lang = this.#answer.language;
    }
    this.dataset.state = view;
    window.scrollTo(0, 0);
    shown.querySelector(focus)?.focus({ preventScroll: true });
    return shown;
  }

  #language() {
    return this.querySelector("[name=language]:checked").value;
  }

  #languageChosen(code) {
    const position = Object.values(questions).map((list) => list.indexOf(this.question.value.trim()));
    const known = Math.max(...position);
    if (known >= 0) this.question.value = questions[code][known]; // nobody's own words are replaced
    this.question.lang = code;
  }

  #anotherQuestion() {
    const list = questions[this.#language()];
    this.question.value = list[(list.indexOf(this.question.value.trim()) + 1) % list.length];
    this.#refuseField(this.question, null);
    this.#status(this.question.value);
  }

  #refuseField(field, problem) {
    const line = this.querySelector(`#${field.id}-problem`);
    line.hidden = !problem;
    line.textContent = problem?.detail ?? "";
    field.toggleAttribute("aria-invalid", Boolean(problem));
    if (problem) field.focus();
    return !problem;
  }

  /** Begin an answer to the question as it stands; null when there is no question. */
  #begin() {
    this.#notice(null);
    const question = this.question.value.trim();
    if (!this.#refuseField(this.question, question ? null : problems.question_missing)) return null;
    return { question, language: this.#language(), key: newKey() };
  }

  #notice(problem) {
    const notice = this.#part("notice");
    notice.hidden = !problem;
    if (!problem) return;
    notice.querySelector("strong").textContent = problem.title;
    notice.querySelector("p").textContent = problem.detail;
    notice.focus();
    this.#status(`${problem.title}. ${problem.detail}`);
  }

  #toQuestion() {
    this.#following?.abort();
    this.#unsent = false;
    sessionStorage.removeItem(KEPT);
    this.result.clear();
    this.#notice(null);
    this.#show("ask", '[data-do="record"]');
  }

  #showTyping(open) {
    this.form.hidden = !open;
    this.querySelector('[data-do="type"]').setAttribute("aria-expanded", open);
    (open ? this.typed : this.querySelector('[data-do="type"]')).focus();
  }

  async #record() {
    const answer = this.#begin();
    if (!answer || this.#starting) return;
    this.#starting = true;
    this.#part("record-hint").textContent = say("asking_microphone");
    try {
      this.#recording = await Recording.start((level, seconds) => this.#hear(level, seconds));
    } catch (error) {
      if (!(error instanceof NoRecording)) throw error;
      this.#show("ask");
      this.#notice({ title: say(`${error.key}_title`), detail: say(error.key) });
      return;
    } finally {
      this.#starting = false;
      this.#part("record-hint").textContent = "";
    }
    this.#answer = answer;
    this.#unsent = true;
    this.#heard = this.#warned = false;
    this.#part("unheard").hidden = true;
    this.#recording.whenLost(() => this.#microphoneLost());
    this.#show("recording", '[data-do="stop"]');
    this.#status(say("recording_started"));
  }

  #heard = false;
  #warned = false;

  #hear(level, seconds) {
    this.#part("elapsed").textContent = clock(seconds);
    this.#part("level").setAttribute("width", level);
    this.#heard ||= level > SILENT_LEVEL;
    const warning = this.#part("unheard");
    const silent = !this.#heard && seconds > SILENT_SECONDS;
    const ending = seconds > limits.seconds - WARN_SECONDS;
    const sentence = silent ? say("unheard") : ending ? say("minute_left") : "";
    if (warning.textContent !== sentence) {
      warning.textContent = sentence;
      warning.hidden = !sentence;
      if (sentence) this.#status(sentence);
    }
    const levels = this.#recording?.levels ?? [];
    const span = Math.max(FIRST_SPAN_SECONDS, seconds);
    const strip = this.#part("growing");
    strip.show({ levels, step: LEVEL_SECONDS, seconds: span });
    strip.filled = 1;
    if (seconds >= limits.seconds - SAFETY_SECONDS) this.#stop();
  }

  async #finish() {
    const recording = this.#recording;
    this.#recording = null;
    if (!recording) return false; // already being stopped
    Object.assign(this.#answer, await recording.stop());
    return true;
  }

  async #stop() {
    if (!(await this.#finish())) return;
    this.#status(say("recording_stopped"));
    await this.#evaluate();
  }

  async #microphoneLost() {
    if (!(await this.#finish())) return;
    const problem = { title: say("microphone_lost_title"), detail: say("microphone_lost") };
    this.#trouble(problem, { retry: say("send_as_is") });
  }

  #drop() {
    this.#recording?.discard();
    this.#recording = null;
    this.#unsent = false;
  }

  #sendTyped() {
    const text = this.typed.value.trim();
    const answer = this.#begin();
    if (!answer || !this.#refuseField(this.typed, text ? null : problems.answer_missing)) return;
    this.#answer = { ...answer, text };
    this.#evaluate();
  }

  #sendFile(file) {
    const answer = this.#begin();
    if (!answer) return;
    if (file.size > limits.bytes) return this.#notice(problems.too_large);
    if (file.size === 0) return this.#notice(problems.audio_empty);
    this.#answer = { ...answer, file };
    this.#evaluate();
  }

  #stage(sentence, ratio = null) {
    const bar = this.#part("progress");
    const line = this.#part("stage");
    if (line.textContent !== sentence) this.#status(sentence);
    line.textContent = sentence;
    this.#part("percent").textContent = ratio === null ? "" : percent(ratio);
    bar.filled = ratio ?? 0;
    if (ratio === null) bar.removeAttribute("aria-valuenow");
    else bar.setAttribute("aria-valuenow", Math.round(100 * ratio));
  }

  #progress({ stage, place, estimate_seconds: seconds, progress }) {
    const queued = stage === "queued" && place;
    const sentence = queued
      ? say("queue_place", { place: number(place), seconds: number(seconds ?? 0) })
      : has(`stage_${stage}`) ? say(`stage_${stage}`) : "";
    const ratio = { transcribing: (progress ?? 0) / 100, evaluating: 1 }[stage] ?? null;
    this.#stage(sentence, ratio);
  }

  #showWorking() {
    this.#show("working");
    const { levels = [], seconds = levels.length * LEVEL_SECONDS || 1 } = this.#answer;
    const bar = this.#part("progress");
    for (const [name, value] of [["role", "progressbar"], ["aria-valuemin", 0],
      ["aria-valuemax", 100], ["aria-label", say("strip_progress")]]) bar.setAttribute(name, value);
    bar.show({ levels, step: LEVEL_SECONDS, seconds });
    return bar;
  }

  async #evaluate() {
    const answer = this.#answer;
    this.#following?.abort();
    const { signal } = (this.#following = new AbortController());
    this.#unsent = Boolean(answer.file && answer.levels);
    this.#showWorking();
    try {
      this.#stage(say("sending", { percent: percent(0) }));
      answer.id ??= await send(answer, (ratio) => {
        this.#part("stage").textContent = say("sending", { percent: percent(ratio) });
      });
      this.#unsent = false;
      const { id, question, language: spoken } = answer;
      if (signal.aborted) return void remove(id).catch(() => null); // cancelled while sending
      sessionStorage.setItem(KEPT, JSON.stringify({ id, question, language: spoken }));
      const result = await follow(id, {
        signal,
        onprogress: (progress) => this.#progress(progress),
        onlost: () => this.#stage(say("reconnecting")),
      });
      this.#show("result", "#result-heading");
      this.result.show(result, answer);
      this.#status(say("result_ready"));
    } catch (error) {
      if (!signal.aborted) this.#failed(error, signal);
    }
  }

  #failed(error, signal) {
    sessionStorage.removeItem(KEPT);
    if (error instanceof Refusal) {
      const { problem } = error;
      this.#answer.id = undefined;
      // The old key stands for what was refused; after "later" the answer may yet be there under it.
      if (!passing(error)) this.#answer.key = newKey();
      const here = this.#answer.file || this.#answer.text; // not after a reload
      const again = here && (problem.status >= 500 || [408, 409, 429].includes(problem.status));
      return this.#trouble(problem.detail ? problem : problems.internal, { retry: again && say("again") });
    }
    if (!(error instanceof Unreachable)) throw error;
    const sentence = this.#answer.file ? "connection" : "connection_typed";
    this.#trouble({ title: say("connection_title"), detail: say(sentence) }, { retry: say("again") });
    reachable(signal).then(() => !signal.aborted && this.#evaluate());
  }

  #trouble(problem, { retry }) {
    this.#part("trouble-title").textContent = problem.title;
    this.#part("trouble").textContent = problem.detail;
    this.querySelector('[data-do="retry"]').hidden = !retry;
    this.#part("retry-word").textContent = retry || "";
    const save = this.#part("save");
    const { file, levels } = this.#answer;
    save.hidden = !levels; // a recording made here exists nowhere else
    if (levels) {
      save.href = URL.createObjectURL(file);
      save.download = file.name;
    }
    this.#show("trouble");
  }

  async #delete() {
    const id = this.#answer?.id;
    this.#toQuestion();
    try {
      if (id) await remove(id);
      this.#status(say("deleted"));
    } catch (error) {
      const gone = error instanceof Refusal && error.problem.status === 404;
      if (!gone) this.#notice({ title: say("not_deleted_title"), detail: say("not_deleted") });
    }
  }

  #resume() {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
    if (!kept) return;
    this.#answer = kept;
    this.#evaluate();
  }
}

customElements.define("interview-room", InterviewRoom);
