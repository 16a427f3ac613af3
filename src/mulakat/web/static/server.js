// Talking to the server: sending an answer, following it, reading and deleting its result.

import { language } from "./say.js";

const ADDRESS = "/api/v1/evaluations";
const LOOK_AGAIN_MS = 2000; // when the event stream cannot be had, or the server is away

/** The server's refusal: its problem details, and after how many seconds to come again. */
export class Refusal extends Error {
  constructor(problem, after = 0) {
    super(problem.code);
    this.problem = problem;
    this.after = after || LOOK_AGAIN_MS / 1000;
  }
}

/** The server could not be reached. */
export class Unreachable extends Error {}

/** Whether this refusal is of the moment: that of an answer which failed for good names its id. */
export function passing(error) {
  const { problem } = error;
  return error instanceof Refusal && !problem.id && [429, 503].includes(problem.status) && problem.code !== "typed_only";
}

function refusalFrom(status, text, after) {
  try {
    const problem = JSON.parse(text);
    if (problem.code) return new Refusal({ ...problem, status }, after);
  } catch {
    // A proxy's own page: it says nothing to a candidate.
  }
  return status >= 502 ? new Unreachable() : new Refusal({ status, code: "internal" }, after);
}

/** What is sent of an entry (outbox.js): the question by its number, by its id, or in words. */
function fieldsOf({ turn, questionId, question, language: spoken }) {
  if (turn) return { question_index: String(turn) };
  return { language: spoken, ...(questionId ? { question_id: questionId } : { question }) };
}

function bodyOf(entry) {
  const fields = fieldsOf(entry);
  if (!entry.blob) return [JSON.stringify({ ...fields, user_answer: entry.text }), "application/json"];
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("audio", entry.blob, entry.name);
  return [form, null];
}

/**
 * Send an entry and return its answer's id. `entry.key` makes sending again harmless.
 * XMLHttpRequest, because fetch does not say how much has been sent. Throws Refusal and
 * Unreachable; aborting `signal` never settles.
 */
export function send(entry, { onsent, signal }) {
  return new Promise((resolve, reject) => {
    const [body, type] = bodyOf(entry);
    const request = new XMLHttpRequest();
    request.open("POST", entry.address);
    request.setRequestHeader("Accept-Language", language);
    request.setRequestHeader("Prefer", "respond-async");
    request.setRequestHeader("Idempotency-Key", entry.key);
    if (type) request.setRequestHeader("Content-Type", type);
    request.upload.onprogress = ({ loaded, total }) => total && onsent(loaded / total);
    request.onerror = () => reject(new Unreachable());
    request.onload = () => {
      const { status, responseText } = request;
      // An answer that failed meanwhile was taken, too: what became of it is told where it is looked at.
      const taken = status >= 200 && status < 300 ? JSON.parse(responseText) : null;
      if (taken) return resolve(taken.answer_id ?? taken.id);
      const refused = refusalFrom(status, responseText, Number(request.getResponseHeader("Retry-After")));
      if (refused.problem?.id) resolve(refused.problem.id);
      else reject(refused);
    };
    signal.addEventListener("abort", () => request.abort());
    request.send(body);
  });
}

async function ask(path, options = {}) {
  const headers = { "Accept-Language": language };
  const response = await fetch(`${ADDRESS}/${path}`, { ...options, headers }).catch(() => {
    throw new Unreachable();
  });
  const text = await response.text().catch(() => {
    throw new Unreachable();
  });
  if (!response.ok) throw refusalFrom(response.status, text, Number(response.headers.get("Retry-After")));
  return text ? JSON.parse(text) : null;
}

export function remove(id) {
  return ask(id, { method: "DELETE" });
}

function pause() {
  return new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
}

/** Return once the server answers again. */
export async function reachable(signal) {
  do await pause();
  while (!signal.aborted && !(await fetch("/health/live").catch(() => null))?.ok);
}

/**
 * Follow an answer until its result, which is returned. `onprogress` gets each progress
 * document; `onlost` is called when the connection breaks or the server is busy (it is taken up
 * again). Throws Refusal when the evaluation failed or the answer is gone; aborting `signal` never settles.
 */
export async function follow(id, { onprogress, onlost, signal }) {
  for (;;) {
    try {
      await ended(id, onprogress, onlost, signal);
      const result = await ask(id, { signal });
      if (result.status === "done") return result;
      onprogress(result);
    } catch (error) {
      if (!(error instanceof Unreachable || passing(error))) throw error;
      onlost();
    }
    if (signal.aborted) return new Promise(() => {});
    await pause();
  }
}

function ended(id, onprogress, onlost, signal) {
  return new Promise((resolve, reject) => {
    // EventSource cannot set headers, so the reader's language goes in the query.
    const events = new EventSource(`${ADDRESS}/${id}/events?lang=${language}`);
    const close = (settle, value) => {
      events.close();
      settle(value);
    };
    signal.addEventListener("abort", () => events.close());
    events.addEventListener("progress", ({ data }) => onprogress(JSON.parse(data)));
    events.addEventListener("done", () => close(resolve));
    events.addEventListener("failed", ({ data }) => close(reject, new Refusal(JSON.parse(data))));
    events.onerror = () => {
      if (events.readyState === EventSource.CLOSED) close(resolve);
      else onlost();
    };
  });
}
