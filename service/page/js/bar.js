/** The bar on top: where you are, what the machine room is doing, and how old all of it is. */

import { el, put, setText } from "./dom.js";
import { age, secondsSince } from "./format.js";
import { sessionName } from "./names.js";
import { sessionAddress } from "./router.js";
import { text } from "./text.js";

const STALE_S = 12;
const AWAY = 2;
const SILENT_S = 15;

/** Draw the bar into `node` and keep it true. */
export function drawBar(node, { store }) {
  const crumbs = el("nav", { class: "crumbs", "aria-label": text.product });
  const activity = el("button", {
    class: "activity",
    type: "button",
    title: text.activity.show,
    "aria-expanded": "false",
    "aria-controls": "drawer",
    onclick: () => toggle(store, "activity"),
  });
  const keys = el(
    "button",
    { class: "quiet keysbutton", type: "button", "aria-expanded": "false", "aria-controls": "drawer", title: text.keys.title, onclick: () => toggle(store, "keys") },
    "?",
  );
  const mark = el("p", { class: "mark", role: "status" }, el("i", { "aria-hidden": "true" }), el("span"));
  put(node, crumbs, activity, mark, keys);

  store.watch(["place", "sessions", "sessionId"], (state) => redraw(crumbs, trail(state)));
  store.watch(["heardAt", "files", "jobs", "tiles", "drawer"], (state) => {
    put(activity, lamps(state));
    activity.setAttribute("aria-expanded", String(state.drawer === "activity"));
    keys.setAttribute("aria-expanded", String(state.drawer === "keys"));
  });
  const freshness = () => showFreshness(mark, store.state.connection);
  store.watch(["connection"], freshness);
  setInterval(freshness, 1000);
}

/** For how long nothing was heard from the service, when it is worth saying. */
export function staleSeconds({ answeredAt, failures }) {
  const silence = answeredAt === null ? 0 : (Date.now() - answeredAt) / 1000;
  return silence > STALE_S || failures >= AWAY ? silence : 0;
}

/** Whether a process's last sign of life is too old to believe its state. */
export function silentSeconds(row) {
  const seconds = secondsSince(row.seen_at);
  return seconds !== null && seconds > SILENT_S ? seconds : 0;
}

function toggle(store, name) {
  store.set({ drawer: store.state.drawer === name ? null : name });
}

/** Put links in place unless the same stand there already, so that the focus stays. */
function redraw(crumbs, links) {
  const key = (nodes) => nodes.map((node) => `${node.getAttribute("href")} ${node.textContent}`).join(" ");
  if (key([...crumbs.children]) !== key(links)) put(crumbs, links);
}

function trail({ place, sessions, sessionId }) {
  const session = sessions?.find((one) => one.id === sessionId) ?? sessions?.[0];
  const home = el("a", { href: "/", class: "home", "data-inside": "" }, text.product);
  if (place.name === "session") return [home];
  const up = el("a", { href: session ? sessionAddress(session.id) : "/", "data-inside": "", class: "up" }, session ? sessionName(session) : text.grid.back);
  return [home, up];
}

function lamps({ ingesters, workers, files, tiles, jobs }) {
  const failed = files.filter((file) => file.state === "failed").length + tiles.filter((tile) => tile.state === "failed").length;
  const waiting = files.filter((file) => file.state === "waiting").length;
  const trouble = jobs.length > 0 ? text.activity.givenUp(jobs.length) : failed > 0 ? text.activity.failed(failed) : waiting > 0 ? text.activity.waiting(waiting) : text.activity.filesFine;
  return [
    lamp(text.activity.ingest, ingesters, text.activity.noIngester, (row) => row.state === "watching"),
    lamp(text.activity.worker, workers, text.activity.workerNone, (row) => row.state !== "stopped"),
    light(failed + jobs.length > 0 ? "bad" : waiting > 0 ? "wait" : "good", text.activity.files, trouble),
  ];
}

/** One process kind: its best row speaks for it. */
function lamp(name, rows, none, healthy) {
  if (rows.length === 0) return light("off", name, none);
  const alive = rows.filter((row) => silentSeconds(row) === 0);
  if (alive.length === 0) {
    const youngest = Math.min(...rows.map(silentSeconds));
    return light("bad", name, text.activity.silent(age(youngest)));
  }
  const troubled = alive.find((row) => !healthy(row));
  const shown = troubled ?? alive[0];
  const words = text.activity.states[shown.state] ?? shown.state;
  return light(troubled ? "wait" : "good", name, alive.length > 1 ? `${alive.length} × ${words}` : words);
}

function light(kind, name, words) {
  return el("span", { class: `lamp ${kind}` }, el("i", { "aria-hidden": "true" }), el("b", {}, name), el("span", {}, words));
}

function showFreshness(mark, connection) {
  const stale = staleSeconds(connection);
  const kind = connection.answeredAt === null ? (connection.failures > 0 ? "stale" : "first") : stale > 0 ? "stale" : "live";
  mark.dataset.kind = kind;
  document.body.classList.toggle("stale", kind === "stale");
  const words = { live: text.connection.live, first: text.connection.first, stale: stale > 0 ? text.connection.stale(age(stale)) : text.failure.network };
  setText(mark.lastChild, words[kind]);
}
