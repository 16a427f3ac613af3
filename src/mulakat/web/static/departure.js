// An answer on its way to the server, as its sender sees it: how much is out, and why it waits.

import { Nudge, deliver } from "./sending.js";
import { Waiting } from "./waiting.js";

export class Departure {
  #going = null; // AbortController
  #nudge = new Nudge();
  #waiting;
  #button;

  /** `parts` as of Waiting; `button` tries again at once; `status` is for the ear. */
  constructor(parts, button, status) {
    this.#waiting = new Waiting(parts, status);
    this.#button = button;
    button.addEventListener("click", () => this.#nudge.now());
  }

  /** Send an entry and return its answer's id; `onkept(kept)` when it has to wait. As `deliver`. */
  go(entry, onkept) {
    this.#going = new AbortController();
    this.#waiting.begin(entry);
    return deliver(entry, {
      signal: this.#going.signal,
      nudge: this.#nudge,
      onsent: (ratio) => {
        this.#button.hidden = true;
        this.#waiting.sent(ratio);
      },
      onwait: (problem, kept) => {
        this.#button.hidden = false;
        onkept(kept);
        this.#waiting.trouble(problem, kept, Boolean(entry.blob));
      },
    });
  }

  stop() {
    this.#going?.abort();
  }
}
