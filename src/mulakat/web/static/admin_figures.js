// The figures of the operator's page, each with its unit, as the reader writes them.

import { el } from "./elements.js";
import { number, percent, say } from "./say.js";

const NOTHING = "–";

/** Bytes as "143 MiB", "1.5 GiB", "12 KiB". */
export function size(bytes) {
  const [unit, each] = bytes >= 2 ** 30 ? ["GiB", 2 ** 30] : bytes >= 2 ** 20 ? ["MiB", 2 ** 20] : ["KiB", 2 ** 10];
  const value = bytes / each;
  return `${number(value, value < 10 && value % 1 ? 1 : 0)} ${unit}`;
}

function age(seconds) {
  const [key, each] = seconds < 120 ? ["age_seconds", 1] : seconds < 7200 ? ["age_minutes", 60] : ["age_hours", 3600];
  return say(key, { value: number(Math.floor(seconds / each)) });
}

const role = (name) => (name === "worker" || name === "web" ? say(`role_${name}`) : name);

export function showProcesses({ processes, pss_total: total, limit }) {
  const cell = (text) => el("td", {}, text);
  document.querySelector('[data-part="processes"]').replaceChildren(...processes.map((one) =>
    el("tr", {}, el("th", { scope: "row" }, role(one.role)), cell(size(one.pss)),
      cell(percent(one.pss / limit)), cell(size(one.rss)), cell(size(one.uss)),
      cell(size(one.peak)), cell(size(one.vms)), cell(String(one.pid)))));
  document.querySelector('[data-part="sum-pss"]').textContent = size(total);
  document.querySelector('[data-part="sum-percent"]').textContent = percent(total / limit);
}

/** Fill the list of everything that is not a process. */
export function showFacts(list, status) {
  const { model, rung, reserved, pressure, restarts, strikes, queue, sessions, gc } = status;
  const files = status.temporary_files;
  const tenth = (value) => percent(Math.round(value) / 100);
  const oldest = (key, { oldest_seconds: seconds }) => (seconds ? say(key, { age: age(seconds) }) : null);
  const fact = (key, value, note = null) =>
    el("div", {}, el("dt", {}, say(key)),
      el("dd", {}, el("span", { class: "figure" }, value ?? NOTHING), note && el("span", { class: "small" }, ` ${note}`)));
  list.replaceChildren(
    fact("model", model ? say("model_loaded", { name: model }) : say("model_unloaded")),
    fact("rung", rung && (rung.startsWith("typed") ? say("rung_typed") : rung.split(":")[0])),
    fact("queue", queue && say("queue_value", { queued: number(queue.queued), running: number(queue.running) }),
      queue && oldest("queue_oldest", queue)),
    fact("files", files && say("files_value", { count: number(files.count), size: size(files.bytes) }),
      files && oldest("files_oldest", files)),
    fact("sessions", say("sessions_value", { logins: sessions.logins === null ? NOTHING : number(sessions.logins), interviews: number(sessions.interviews) })),
    fact("reserved", size(reserved)),
    fact("pressure", pressure && say("pressure_value", {
      some: tenth(pressure.some_avg10 ?? 0), full: tenth(pressure.full_avg10 ?? 0) })),
    fact("restarts", number(restarts)),
    fact("strikes", number(strikes)),
    fact("gc", say("gc_value", { runs: gc.map(({ collections }) => number(collections)).join(" · ") })),
  );
}
