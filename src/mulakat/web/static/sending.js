// Getting an answer to the server, however long that takes: kept first, sent again after each failure.

import { keep, mark } from "./outbox.js";
import { owner } from "./say.js";
import { Refusal, Unreachable, passing, reachable, send } from "./server.js";

/** A new Idempotency-Key; browsers keep randomUUID from pages opened over plain http. */
export function newKey() {
  return crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint32Array(4))].join("-");
}

/** A new entry (outbox.js) for a question, as the form and the data of its room say. */
export function newEntry(form, { address, interview = null, turn = null, language }, question) {
  const given = new FormData(form);
  return { key: newKey(), question: question.trim(), questionId: given.get("question_id"), owner, address, interview,
    turn: turn && Number(turn), language: given.get("language") ?? language, created: Date.now() };
}

function nap(seconds) {
  return new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
}

/** Resolve when it is worth trying again: the server is there, its time is over, or `nudged`. */
function worthwhile(error, signal, nudged) {
  const asked = new Promise((resolve) => nudged.addEventListener("nudge", resolve, { once: true }));
  return Promise.race([asked, error instanceof Unreachable ? reachable(signal) : nap(error.after)]);
}

/** Someone's wish to try again at once. */
export class Nudge extends EventTarget {
  now() {
    this.dispatchEvent(new Event("nudge"));
  }
}

/**
 * Send an entry (outbox.js) until the server has it; returns the answer's id.
 *
 * `onsent(ratio)` while it goes out; `onwait(problem, kept)` when it has to be tried again, with
 * the server's refusal or null when it could not be reached. Throws Refusal for good ones;
 * aborting `signal` never settles.
 */
export async function deliver(entry, { signal, onsent, onwait, nudge = new Nudge() }) {
  const kept = await keep({ ...entry, ready: true });
  for (;;) {
    if (signal.aborted) return new Promise(() => {});
    try {
      onsent(0);
      const answer = await send(entry, { onsent, signal });
      await mark(entry.key, answer);
      return answer;
    } catch (error) {
      const again = error instanceof Unreachable || passing(error);
      if (!again) {
        if (!(error instanceof Refusal)) throw error;
        await keep({ ...entry, ready: false }); // not sent by itself any more, but not lost
        throw error;
      }
      onwait(error instanceof Refusal ? error.problem : null, kept);
      await worthwhile(error, signal, nudge);
    }
  }
}
