/** The drawer under the bar: ingest, workers and every file that failed or waits, each with its reason; or the keys. */

import { send } from "./api.js";
import { silentSeconds } from "./bar.js";
import { el, put } from "./dom.js";
import { age } from "./format.js";
import { text } from "./text.js";

const ROWS = 200;
const ORDER = ["dead", "failed", "waiting"];

/** Keep `node` showing the open drawer of the store, or nothing. */
export function drawActivity(node, { store, turn }) {
  const close = el("button", { type: "button", class: "quiet close", onclick: () => store.set({ drawer: null }) }, text.activity.close);
  const activity = el("div");
  const help = keys(store);
  let rows = ROWS;
  node.setAttribute("aria-label", text.activity.drawer);
  put(node, close, activity, help);
  store.watch(["drawer", "heardAt", "files", "jobs", "tiles"], (state) => {
    node.hidden = state.drawer === null;
    activity.hidden = state.drawer !== "activity";
    help.hidden = state.drawer !== "keys";
    if (activity.hidden) put(activity);
    else keepScroll(node, () => put(activity, processes(state), ...troubles(state, { most: rows, showAll, retry })));
  });

  async function retry(job) {
    try {
      await send("POST", `/jobs/${encodeURIComponent(job.id)}/retry`);
      store.set({ failure: null, said: { words: text.activity.retried } });
      turn();
    } catch (error) {
      if (!("status" in error)) throw error;
      if (error.status === 401 || error.status === 403) store.set({ needsToken: true });
      else store.set({ failure: error.message || text.failure.network });
    }
  }

  function showAll() {
    rows = Infinity;
    store.set({ heardAt: Date.now() });
  }
}

function keepScroll(node, draw) {
  const top = node.scrollTop;
  draw();
  node.scrollTop = top;
}

function processes({ ingesters, workers }) {
  return el(
    "div",
    { class: "processes" },
    ...ingesters.map((row) =>
      process(text.activity.ingest, row.name, row, [
        el("bdi", { class: "path" }, row.watching),
        text.activity.seen(row.files_seen, row.files_pending),
        row.polling ? text.activity.polling : null,
      ]),
    ),
    ...workers.map((row) => process(text.activity.worker, row.id, row, [row.device, row.model_id])),
    ingesters.length === 0 ? el("p", { class: "muted" }, text.activity.noIngester) : null,
    workers.length === 0 ? el("p", { class: "muted" }, text.activity.workerNone) : null,
  );
}

function process(kind, name, row, lines) {
  const silent = silentSeconds(row);
  const state = silent > 0 ? text.activity.silent(age(silent)) : (text.activity.states[row.state] ?? row.state);
  return el(
    "dl",
    { class: silent > 0 ? "process bad" : "process" },
    el("dt", {}, kind, " ", el("bdi", {}, name)),
    el("dd", {}, state),
    ...[...lines, row.reason].filter(Boolean).map((line) => el("dd", { class: "muted" }, line)),
  );
}

function troubles({ files, tiles, jobs }, { most, showAll, retry }) {
  const failed = tiles.filter((tile) => tile.state !== "placed").map((tile) => ({ ...tile, path: tile.name, attempts: null }));
  const dead = jobs.map((job) => ({ ...job, path: job.tile_name ?? job.id, again: () => retry(job) }));
  const rows = [...dead, ...files, ...failed].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
  if (rows.length === 0) return [el("p", { class: "muted" }, text.activity.noTrouble)];
  const names = text.activity.columns;
  return [
    el(
      "table",
      { class: "files" },
      el("thead", {}, el("tr", {}, ...[names.state, names.path, names.reason, names.attempts].map((name) => el("th", { scope: "col" }, name)))),
      el("tbody", {}, ...rows.slice(0, most).map(trouble)),
    ),
    rows.length > most ? el("button", { type: "button", onclick: showAll }, text.activity.more(rows.length - most)) : null,
  ];
}

function trouble(row) {
  return el(
    "tr",
    { class: row.state },
    el("td", {}, el("span", { class: "state" }, text.activity.fileStates[row.state] ?? row.state)),
    el("td", { class: "path" }, el("bdi", {}, row.path)),
    el("td", {}, el("bdi", {}, row.reason ?? text.none)),
    el("td", { class: "number" }, row.attempts === null ? "" : String(row.attempts), row.again ? el("button", { type: "button", onclick: row.again }, text.activity.again) : null),
  );
}

function keys(store) {
  const active = el("input", { type: "checkbox", checked: store.state.shortcuts, onchange: (event) => store.set({ shortcuts: event.target.checked }) });
  return el(
    "div",
    { class: "keys" },
    el("label", { class: "check" }, active, text.keys.active),
    el("dl", {}, ...text.keys.rows.flatMap(([key, what]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, what)])),
  );
}
