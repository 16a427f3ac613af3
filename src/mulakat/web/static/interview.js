// The room of an interview: the server says where it stands, this follows and brings the next view.

import "./room.js";
import "./speaker.js";
import { clock, language, number, say } from "./say.js";
import { Refusal, follow, reachable, remove } from "./server.js";
import { Waiting, standing } from "./waiting.js";
import { drop, ofAnswer } from "./outbox.js";

const NEXT_SECONDS = 8; // time to read a line, and to say stop
const THOUGHT_MS = 1000;

/** Whether the next question waits to be asked for, and, with `from`, have it wait from now on. */
function stays(place, from = false) {
  try {
    if (from) sessionStorage.setItem(`stay ${place}`, "1");
    return sessionStorage.getItem(`stay ${place}`) !== null;
  } catch {
    return from; // this browser keeps nothing
  }
}

class InterviewRoom extends HTMLElement {
  #gone = new AbortController();
  #following = new AbortController(); // of the answer that is waited for
  #timer;

  connectedCallback() {
    const { view } = this.dataset;
    this.addEventListener("click", (event) => this.#click(event));
    this.addEventListener("submit", (event) => this.#submit(event));
    if (view === "asking") this.#ask();
    if (view === "waiting") this.#wait();
    if (view === "told") this.#told();
  }

  disconnectedCallback() {
    this.#gone.abort();
    this.#following.abort();
    clearInterval(this.#timer);
  }

  #part(name) {
    return this.querySelector(`[data-part="${name}"]`);
  }

  /** Bring a page of this interview in place of this one, once the server can be reached. */
  async #go(address, options = {}) {
    const headers = { Accept: "text/html", "Accept-Language": language };
    const response = await fetch(address, { ...options, headers }).catch(() => null);
    const html = await response?.text().catch(() => null);
    if (typeof html !== "string" || response.status >= 502) { // not there, or not yet
      this.#part("offline").hidden = false;
      await reachable(this.#gone.signal);
      return this.#gone.signal.aborted ? null : this.#go(address, options); // moves name their question: again is harmless
    }
    const page = new DOMParser().parseFromString(html, "text/html");
    const room = page.querySelector("interview-room");
    if (!room) return location.assign(response.ok ? response.url : this.dataset.place);
    history.replaceState(null, "", response.url);
    document.title = page.title;
    this.replaceWith(document.adoptNode(room));
    window.scrollTo(0, 0);
    room.querySelector("h1")?.focus({ preventScroll: true });
  }

  #click(event) {
    const next = event.target.closest("a[data-next]");
    if (next) {
      event.preventDefault();
      this.#go(next.href);
    }
    const action = event.target.closest("[data-do]")?.dataset.do;
    if (action === "stay") this.#stay();
    if (action === "takeback") this.#takeBack();
  }

  #submit(event) {
    if (!event.target.matches("form[data-swap]")) return;
    event.preventDefault();
    this.querySelector("spoken-question")?.stop();
    this.#go(event.target.action, { method: "POST", body: new URLSearchParams(new FormData(event.target)) });
  }

  #ask() {
    const line = this.#part("thinking");
    const since = Date.now() - 1000 * Number(line.dataset.seconds);
    this.#timer = setInterval(() => {
      line.querySelector(".figure").textContent = clock((Date.now() - since) / 1000);
    }, THOUGHT_MS);
    this.addEventListener("begun", () => this.#begun(), { once: true });
    this.addEventListener("accepted", (event) => {
      event.preventDefault();
      this.#go(`${this.dataset.place}?after=${this.dataset.turn}`);
    });
  }

  /** The answer begins: nothing speaks any more, and the server keeps how long it was thought over. */
  #begun() {
    clearInterval(this.#timer);
    this.querySelector("spoken-question")?.stop();
    fetch(`/api/v1/interviews/${this.dataset.interview}/begin`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ question_index: Number(this.dataset.turn) }),
    }).catch(() => null); // a measure the less, no answer lost
  }

  async #wait() {
    const parts = Object.fromEntries(["progress", "stage", "detail"].map((name) => [name, this.#part(name)]));
    const waiting = new Waiting(parts, (stage) => (this.#part("said").textContent = stage));
    const { signal } = this.#following;
    const { answer, place, turn } = this.dataset;
    waiting.begin((await ofAnswer(answer)) ?? {});
    try {
      await follow(answer, {
        signal,
        onprogress: (progress) => waiting.tell(...standing(progress)),
        onlost: () => waiting.tell(say("connection_title"), say("reconnecting")),
      });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error; // failed or deleted: the page says so
    }
    if (!signal.aborted) this.#go(`${place}?after=${turn}`);
  }

  async #takeBack() {
    const { answer, place } = this.dataset;
    this.#following.abort();
    const kept = await ofAnswer(answer);
    if (kept) await drop(kept.key);
    await remove(answer).catch(() => null); // where it cannot be, its result is told after all
    this.#go(place);
  }

  #told() {
    const next = this.querySelector("a[data-next]");
    if (next?.dataset.next !== "following" || stays(this.dataset.place)) return;
    const stay = this.querySelector('[data-do="stay"]');
    let left = NEXT_SECONDS;
    const tell = () => (this.#part("countdown").textContent = say("next_in", { seconds: number(left) }));
    stay.hidden = false;
    this.#part("said").textContent = say("next_soon", { seconds: number(left) });
    tell();
    this.#timer = setInterval(() => {
      left -= 1;
      tell();
      if (left > 0) return;
      clearInterval(this.#timer);
      this.#go(next.href);
    }, 1000);
    this.addEventListener("keydown", () => this.#linger(), { once: true }); // somebody is at work here
  }

  #linger() {
    clearInterval(this.#timer);
    this.#part("countdown").textContent = "";
  }

  /** Who stayed once in this interview is not hurried any more. */
  #stay() {
    stays(this.dataset.place, true);
    this.#linger();
    this.querySelector('[data-do="stay"]').hidden = true;
    this.querySelector("a[data-next]").focus();
  }
}

customElements.define("interview-room", InterviewRoom);
