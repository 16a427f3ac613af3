// The interviewer's voice: the server's sound where it has one, else the browser's voice of the language.

import { say } from "./say.js";

const VOICES_MS = 1500; // browsers that have voices list them by then

function voicesHere() {
  return new Promise((resolve) => {
    if (!window.speechSynthesis) return resolve([]);
    const now = speechSynthesis.getVoices();
    if (now.length) return resolve(now);
    const done = () => resolve(speechSynthesis.getVoices());
    speechSynthesis.addEventListener("voiceschanged", done, { once: true });
    setTimeout(done, VOICES_MS);
  });
}

class SpokenQuestion extends HTMLElement {
  #audio = null;
  #voice = null;

  async connectedCallback() {
    this.addEventListener("click", (event) => {
      const button = event.target.closest("[data-rate]");
      if (button) this.#speak(Number(button.dataset.rate));
    });
    const { audio, auto } = this.dataset;
    if (audio) {
      this.#audio = new Audio();
      this.#audio.preload = auto === undefined ? "none" : "auto"; // it costs the server a process to say it
      this.#audio.src = audio;
    }
    if (!audio) await this.#chooseVoice();
    if (!this.isConnected) return;
    if (!this.#audio && !this.#voice) return this.#silent();
    this.dataset.state = "ready";
    if (auto !== undefined) this.#speak(1);
  }

  disconnectedCallback() {
    this.stop();
  }

  async #chooseVoice() {
    const { language } = this.dataset;
    const fits = (await voicesHere()).filter((one) => one.lang.toLowerCase().split(/[-_]/)[0] === language);
    this.#voice = fits.find((one) => one.localService) ?? fits[0] ?? null; // what is local sends nothing
  }

  #silent() {
    if (this.dataset.auto !== undefined) this.dataset.state = "ready"; // else nobody asked for it
    this.textContent = say("no_voice");
    this.className = "small";
  }

  /** Stop speaking: the answer begins. */
  stop() {
    this.#audio?.pause();
    window.speechSynthesis?.cancel();
  }

  async #speak(rate) {
    this.stop();
    try {
      if (this.#audio) await this.#play(rate);
      else this.#say(rate);
    } catch (error) {
      // Not without a tap: then the button is there to be tapped. Nor once it was stopped.
      if (["NotAllowedError", "AbortError"].includes(error.name)) return;
      await this.#instead(rate);
    }
  }

  async #play(rate) {
    this.#audio.currentTime = 0;
    this.#audio.playbackRate = rate; // browsers keep the pitch
    await this.#audio.play();
  }

  #say(rate) {
    const utterance = new SpeechSynthesisUtterance(document.querySelector("h1.question").textContent);
    Object.assign(utterance, { voice: this.#voice, lang: this.#voice.lang, rate });
    speechSynthesis.speak(utterance);
  }

  /** The server cannot say it now: the browser's own voice. */
  async #instead(rate) {
    this.#audio = null;
    await this.#chooseVoice();
    if (this.#voice) this.#say(rate);
    else this.#silent();
  }
}

customElements.define("spoken-question", SpokenQuestion);
