/** The cassette: one card per grid, the most promising first, those without a tile below. */

import { el, put } from "../dom.js";
import { sessionName } from "../names.js";
import { moment } from "../format.js";
import { goTo, sessionAddress } from "../router.js";
import { text } from "../text.js";
import { Card } from "./card.js";
import { byPromise } from "./verdict.js";

const WIDE = "(min-width: 120rem)";
const FEW = 2;
const FEW_WIDE = 4;

/** Open the view in `node`; gives a function that closes it. */
export function openSessionView(node, { store }) {
  const words = el("div", { class: "session-words" });
  const choices = el("div");
  const heading = el("div", { class: "session-head" }, words, choices);
  const begun = el("ol", { class: "cards begun" });
  const later = el("ol", { class: "cards later" });
  const empty = el("div", { class: "empty" });
  put(node, el("div", { class: "session" }, heading, empty, begun, later));
  const byId = new Map();

  const unwatch = store.watch(["sessions", "sessionId", "grids", "summaries"], (state) => {
    const { sessions, sessionId, grids, summaries } = state;
    if (sessions === null || grids === null) return put(empty, el("p", { class: "muted" }, text.loading));
    put(empty, sessions.length === 0 || grids.length === 0 ? nothing() : null);
    put(words, head(state));
    const offered = sessions.map((one) => `${one.id} ${sessionName(one)}`).join(" ");
    if (offered !== choices.dataset.offered) {
      choices.dataset.offered = offered;
      put(choices, sessions.length > 1 ? chooser(sessions) : null);
    }
    if (choices.firstChild) choices.querySelector("select").value = sessionId ?? grids[0]?.session_id ?? "";
    for (const id of byId.keys()) if (!grids.some((grid) => grid.id === id)) byId.delete(id);
    const sorted = [...grids].sort(byPromise);
    for (const grid of sorted) {
      if (!byId.has(grid.id)) byId.set(grid.id, new Card(grid));
      byId.get(grid.id).show(grid, summaries.get(grid.id) ?? null);
    }
    const nodes = (some) => some.map((grid) => byId.get(grid.id).node);
    const most = matchMedia(WIDE).matches ? FEW_WIDE : FEW;
    begun.classList.toggle("few", sorted.filter(hasBegun).length <= most);
    inOrder(begun, nodes(sorted.filter(hasBegun)));
    inOrder(later, nodes(sorted.filter((grid) => !hasBegun(grid))));
    document.title = text.product;
    return undefined;
  });
  return unwatch;
}

/** EPU makes a folder for every slot at once: a grid begins with its first tile. */
function hasBegun(grid) {
  return grid.tiles_placed + grid.tiles_waiting + grid.tiles_failed > 0;
}

/** Reorder children without touching those that stand right, so that focus stays. */
function inOrder(list, nodes) {
  if (nodes.length === list.children.length && nodes.every((node, k) => list.children[k] === node)) return;
  const focused = document.activeElement;
  put(list, nodes);
  if (list.contains(focused)) focused.focus({ preventScroll: true });
}

function nothing() {
  return [el("h1", {}, text.session.none), el("p", { class: "muted" }, text.session.noneHint)];
}

function head({ sessions, sessionId, grids }) {
  const session = sessions.find((one) => one.id === (sessionId ?? grids[0]?.session_id));
  if (!session) return null;
  const total = (key) => grids.reduce((sum, grid) => sum + grid[key], 0);
  const facts = [session.instrument_model, session.instrument_id, session.started_at && moment(session.started_at)].filter(Boolean);
  return [
    el("div", { class: "titles" }, el("h1", {}, el("bdi", {}, sessionName(session))), el("p", { class: "muted facts" }, ...facts.map((fact) => el("bdi", {}, fact)))),
    el("p", { class: "muted summary" }, text.session.summary(grids.length, total("squares"), total("squares_usable")), el("br"), text.session.sorted),
  ];
}

function chooser(sessions) {
  const options = sessions.map((one) => el("option", { value: one.id }, sessionName(one)));
  return el("label", { class: "choose" }, text.session.choose, el("select", { onchange: (event) => goTo(sessionAddress(event.target.value)) }, ...options));
}
