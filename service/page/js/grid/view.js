/** One grid: ranked list, atlas and square side by side, all three about the same chosen square. */

import { el, put, setText, variable } from "../dom.js";
import { filmGain, filter } from "../gain.js";
import { retryPictures } from "../pictures.js";
import { Review } from "../state/review.js";
import { text } from "../text.js";
import { atlasElement, AtlasView } from "./atlas.js";
import { ALL, filterBar, passing } from "./filters.js";
import { gridHead } from "./head.js";
import { listen } from "./keys.js";
import { Labelling } from "./labelling.js";
import { latticeLines } from "./lattice.js";
import { RankedList } from "./list.js";
import { chosen, squarePanel } from "./panel.js";
import { planBox } from "./plan.js";
import { fitStage } from "./stage.js";
import { legend, readout, tools } from "./tools.js";
import { planned } from "./travel.js";

/** Open the view in `node`; gives a function that closes it. */
export function openGridView(node, { store, turn }) {
  const stops = [];
  const review = new Review(store, turn);
  const select = (id) => { store.set({ selectedId: id }); remember(id); };
  const step = (by) => select(neighbour(store.state, by));
  const labelling = new Labelling(store, review, step);

  const canvas = atlasElement();
  const shell = layout(canvas, store);
  put(node, shell.node);
  retryPictures(shell.node);
  const atlas = new AtlasView(canvas, {
    onPick: (id) => { select(id); shell.show(id === null ? "list" : "square"); },
    onView: (bounds) => store.set({ bounds }),
    onHover: (id, x, y) => { store.set({ hoveredId: id }); place.show(x === null ? null : [x, y], stage, hoveredSquare(store.state)); },
  });
  const list = new RankedList({
    onPick: (id) => { select(id); shell.show("square"); },
    onHover: (id) => store.set({ hoveredId: id }),
  });
  const place = readout();
  let stage = null;

  const head = gridHead(store);
  const filters = filterBar(store);
  const panel = squarePanel({ store, review, step, labelling });
  const above = tools(store, atlas);
  const plan = planBox({ store, review, select });
  const modes = modeSwitch(store);
  const count = el("p", { class: "count muted" });
  const nothing = el("div", { class: "list-empty" });
  const ranked = el("div", { class: "ranked" }, filters.node, count, list.node, nothing);
  put(shell.head, head.node);
  put(shell.list, modes.node, ranked, plan.node);
  put(shell.atlas, ...shell.atlas.childNodes, above.node, legend(), place.node);
  put(shell.panel, panel.node);

  stops.push(
    store.watch(["missing", "tiles", "grid"], (state) => shell.notice(state)),
    store.watch(["tiles"], ({ tiles }) => atlas.setTiles(tiles)),
    store.watch(["mode"], ({ mode }) => { ranked.hidden = mode !== "ranked"; plan.node.hidden = mode !== "plan"; }),
    store.watch(["bounds"], ({ filters: set }) => { if (set.area === "view") store.set({ filters: { ...set } }); }),
    store.watch(["squares", "filters"], (state) => {
      const shown = passing(state.squares, state.filters, state.bounds);
      const ids = new Set(shown.map((square) => square.id));
      const faint = new Set(state.squares.filter((square) => !ids.has(square.id)).map((square) => square.id));
      stage = fitStage(state.squares);
      atlas.setSquares(state.squares, faint);
      list.show(shown);
      setText(count, text.list.count(shown.length, state.squares.length));
      put(nothing, shown.length > 0 ? null : emptyList(state, store));
    }),
    store.watch(["squares"], ({ squares }) => atlas.setPlan(planned(squares))),
    store.watch(["squares", "atlas"], (state) => atlas.setLattice(latticeLines(state.atlas, state.squares))),
    store.watch(["squares", "selectedId"], (state) => {
      atlas.setSelected(chosen(state));
      list.select(state.selectedId);
    }),
    store.watch(["squares", "hoveredId"], (state) => atlas.setHovered(hoveredSquare(state))),
    store.watch(["layers"], ({ layers }) => atlas.setLayers(layers)),
    store.watch(["contrast", "atlas"], (state) => {
      const gain = filmGain(state.atlas);
      atlas.setLight(gain, state.contrast);
      variable(shell.node, "--picture", filter(gain, state.contrast));
    }),
    listen({ store, atlas, review, labelling, step, select, chosenSquare: () => chosen(store.state) }),
    head.stop,
    filters.stop,
    above.stop,
    plan.stop,
    modes.stop,
    panel.stop,
    review.stop,
    () => list.close(),
    () => atlas.close(),
  );
  store.set({ selectedId: remembered() });
  return () => stops.forEach((stop) => stop());
}

function layout(canvas, store) {
  const head = el("div", { class: "head-pane" });
  const list = el("section", { class: "list-pane", "aria-label": text.grid.squares });
  const notice = el("div", { class: "notice" });
  const atlas = el("section", { class: "atlas-pane", "aria-label": text.grid.atlas }, canvas, notice);
  const panel = el("section", { class: "panel-pane", "aria-label": text.grid.square });
  const tabs = ["list", "square"].map((name) => el("button", { type: "button", class: "tab", onclick: () => show(name) }, { list: text.grid.squares, square: text.grid.square }[name]));
  const node = el("div", { class: "grid" }, head, list, atlas, panel, el("nav", { class: "tabs" }, ...tabs));
  function show(name) {
    node.dataset.tab = name;
    tabs.forEach((tab, k) => tab.setAttribute("aria-pressed", String(["list", "square"][k] === name)));
  }
  show(store.state.selectedId === null ? "list" : "square");
  return {
    node, head, list, atlas, panel, show,
    notice({ missing, tiles, grid }) {
      const words = missing ? [text.grid.notFound, null] : grid === null ? [text.loading, null] : tiles.length === 0 ? [text.grid.waiting, text.grid.waitingHint] : null;
      put(notice, words === null ? null : [el("p", {}, words[0]), words[1] && el("p", { class: "muted" }, words[1])]);
      notice.hidden = words === null;
    },
  };
}

/** The id of the square `by` places down the list as it is shown. */
function neighbour({ squares, filters, selectedId, bounds, mode }, by) {
  const shown = mode === "plan" ? planned(squares) : passing(squares, filters, bounds);
  if (shown.length === 0) return null;
  const at = shown.findIndex((square) => square.id === selectedId);
  const next = at < 0 ? (by > 0 ? 0 : shown.length - 1) : Math.min(shown.length - 1, Math.max(0, at + by));
  return shown[next].id;
}

/** The list by rank, or the squares to take in their order. */
function modeSwitch(store) {
  const names = ["ranked", "plan"];
  const buttons = names.map((name) => el("button", { type: "button", onclick: () => store.set({ mode: name }) }));
  const stop = store.watch(["mode", "squares"], ({ mode, squares }) => {
    buttons.forEach((button, k) => button.setAttribute("aria-pressed", String(names[k] === mode)));
    setText(buttons[0], text.list.modes.ranked(squares.length));
    setText(buttons[1], text.list.modes.plan(planned(squares).length));
  });
  return { node: el("div", { class: "modes choices", role: "group", "aria-label": text.list.mode }, ...buttons), stop };
}

function hoveredSquare({ squares, hoveredId }) {
  return hoveredId === null ? null : (squares.find((square) => square.id === hoveredId) ?? null);
}

function emptyList({ squares }, store) {
  if (squares.length === 0) return [el("p", {}, text.list.empty), el("p", { class: "muted" }, text.list.emptyHint)];
  const clear = () => store.set({ filters: ALL });
  return [el("p", {}, text.list.filtered), el("button", { type: "button", onclick: clear }, text.list.clear)];
}

function remember(id) {
  history.replaceState(null, "", id === null ? location.pathname : `#${id}`);
}

function remembered() {
  return location.hash.length > 1 ? decodeURIComponent(location.hash.slice(1)) : null;
}
