/** The drawer under the bar: ingest, workers and every file that failed or waits, each with its reason; or the keys. */

import { silentSeconds } from "./bar.js";
import { el, put } from "./dom.js";
import { age } from "./format.js";
import { text } from "./text.js";

const ROWS = 200;

/** Keep `node` showing the open drawer of the store, or nothing. */
export function drawActivity(node, { store }) {
  const close = el("button", { type: "button", class: "quiet close", onclick: () => store.set({ drawer: null }) }, text.activity.close);
  const activity = el("div");
  const help = keys(store);
  let rows = ROWS;
  node.setAttribute("aria-label", text.activity.drawer);
  put(node, close, activity, help);
  store.watch(["drawer", "heardAt", "files", "tiles"], (state) => {
    node.hidden = state.drawer === null;
    activity.hidden = state.drawer !== "activity";
    help.hidden = state.drawer !== "keys";
    if (activity.hidden) put(activity);
    else keepScroll(node, () => put(activity, processes(state), ...troubles(state, rows, showAll)));
  });

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

function troubles({ files, tiles }, most, showAll) {
  const failed = tiles.filter((tile) => tile.state !== "placed").map((tile) => ({ ...tile, path: tile.name, attempts: null }));
  const rows = [...files, ...failed].sort((a, b) => (a.state === b.state ? 0 : a.state === "failed" ? -1 : 1));
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
    el("td", {}, el("span", { class: "state" }, row.state)),
    el("td", { class: "path" }, el("bdi", {}, row.path)),
    el("td", {}, el("bdi", {}, row.reason ?? text.none)),
    el("td", { class: "number" }, row.attempts === null ? "" : String(row.attempts)),
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
