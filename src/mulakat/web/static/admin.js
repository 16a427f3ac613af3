// The operator's page: live figures from the event stream, and four actions.

import "./admin_chart.js";
import { showFacts, showProcesses, size } from "./admin_figures.js";
import { language, number, percent, say, status as first } from "./say.js";

const ADDRESS = "/api/v1/admin";
const AGAIN_MS = 3000; // when the server is away and the browser does not try by itself

const part = (name) => document.querySelector(`[data-part="${name}"]`);
const chart = document.querySelector("memory-chart");

function showSnapshot(snapshot) {
  const state = part("state");
  state.dataset.state = snapshot.state;
  state.textContent = say(`state_${snapshot.state}`);
  part("now").textContent = say("now", { used: size(snapshot.working_set), limit: size(snapshot.limit) });
  part("percent").textContent = percent(snapshot.ratio);
  part("source").textContent = snapshot.limit_source.includes("machine")
    ? say("limit_machine") : say("limit_from", { source: snapshot.limit_source });
  showProcesses(snapshot);
  chart.add(snapshot);
}

function showStatus(status) {
  showSnapshot(status);
  showFacts(part("facts"), status);
}

function standing(key) {
  const live = part("live");
  if (live.textContent !== say(key)) live.textContent = say(key);
}

function trouble(sentence) {
  part("trouble").hidden = !sentence;
  part("trouble").textContent = sentence;
}

async function connectAgain() {
  const response = await fetch(`${ADDRESS}/memory`).catch(() => null);
  if (response?.status === 401) location.reload(); // the session has ended: the login form
  else setTimeout(connect, AGAIN_MS);
}

function connect() {
  const events = new EventSource(`${ADDRESS}/events`);
  const showing = (show) => ({ data }) => {
    standing("connected");
    trouble("");
    show(JSON.parse(data));
  };
  events.addEventListener("snapshot", showing(showSnapshot));
  events.addEventListener("status", showing(showStatus));
  events.addEventListener("ended", () => location.reload());
  events.onerror = () => {
    standing("connecting");
    trouble(say("lost"));
    if (events.readyState === EventSource.CLOSED) connectAgain();
  };
}

const done = {
  trim: ({ before, after, objects, milliseconds }) =>
    say("trim_done", { before: size(before), after: size(after), objects: number(objects), ms: number(milliseconds, 1) }),
  sweep: ({ files, bytes, results }) =>
    say("sweep_done", { files: number(files), size: size(bytes), results: number(results) }),
  release: ({ outcome, model, before, after }) =>
    say(`release_${outcome}`, { model, before: size(before), after: size(after) }),
  clear: ({ cleared_count: count }) => say("clear_done", { count: number(count) }),
};

async function act(name, path) {
  const headers = { "Accept-Language": language };
  const response = await fetch(`${ADDRESS}/${path}`, { method: "POST", headers }).catch(() => null);
  const answer = await response?.json().catch(() => null);
  if (!answer) return say("unreachable");
  return response.ok ? done[name](answer) : answer.detail;
}

for (const button of document.querySelectorAll("[data-do]")) {
  const { do: name, path } = button.dataset;
  const result = document.querySelector(`[data-result="${name}"]`);
  button.addEventListener("click", async () => {
    // Not `disabled`, which would take the keyboard's focus away.
    if (button.ariaBusy === "true") return;
    if (name === "clear" && !confirm(say("clear_sure"))) return;
    button.ariaBusy = "true";
    result.textContent = say("working");
    result.textContent = await act(name, path);
    button.ariaBusy = "false";
  });
}

standing("connecting");
showStatus(first);
connect();
