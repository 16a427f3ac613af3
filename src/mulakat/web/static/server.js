// Talking to the server: sending an answer, following it, reading and deleting its result.

import { language } from "./say.js";

const ADDRESS = "/api/v1/evaluations";
const LOOK_AGAIN_MS = 2000; // when the event stream cannot be had, or the server is away

/** The server's refusal: its problem details. */
export class Refusal extends Error {
  constructor(problem) {
    super(problem.code);
    this.problem = problem;
  }
}

/** The server could not be reached. */
export class Unreachable extends Error {}

/** Whether this refusal is of the moment: that of an answer which failed for good names its id. */
export function passing(error) {
  return error instanceof Refusal && !error.problem.id && [429, 503].includes(error.problem.status);
}

function refusalFrom(status, text) {
  try {
    const problem = JSON.parse(text);
    if (problem.code) return new Refusal({ ...problem, status });
  } catch {
    // A proxy's own page: it says nothing to a candidate.
  }
  return status >= 502 ? new Unreachable() : new Refusal({ status, code: "internal" });
}

function bodyOf(answer) {
  if (answer.file) {
    const form = new FormData();
    form.append("question", answer.question);
    form.append("language", answer.language);
    form.append("audio", answer.file, answer.file.name);
    return [form, null];
  }
  const { question, language: spoken, text } = answer;
  return [JSON.stringify({ question, language: spoken, user_answer: text }), "application/json"];
}

/**
 * Send an answer and return its id. `answer.key` makes sending again harmless. XMLHttpRequest,
 * because fetch does not say how much has been sent.
 */
export function send(answer, onsent) {
  return new Promise((resolve, reject) => {
    const [body, type] = bodyOf(answer);
    const request = new XMLHttpRequest();
    request.open("POST", ADDRESS);
    request.setRequestHeader("Accept-Language", language);
    request.setRequestHeader("Prefer", "respond-async");
    request.setRequestHeader("Idempotency-Key", answer.key);
    if (type) request.setRequestHeader("Content-Type", type);
    request.upload.onprogress = ({ loaded, total }) => total && onsent(loaded / total);
    request.onerror = () => reject(new Unreachable());
    request.onload = () => {
      const accepted = request.status >= 200 && request.status < 300;
      if (accepted) resolve(JSON.parse(request.responseText).id);
      else reject(refusalFrom(request.status, request.responseText));
    };
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
  if (!response.ok) throw refusalFrom(response.status, text);
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
