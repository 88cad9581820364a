/** Everything about the chosen square: picture, scores and why, decision, label, position, what each model said. */

import { List } from "../api.js";
import { scoreColour, STATUS_SIGN } from "../colours.js";
import { el, put, setText, variable } from "../dom.js";
import { micrometres, moment, score, spread } from "../format.js";
import { text } from "../text.js";
import { decisionBox } from "./decisions.js";
import { attentionControls, SquareImage } from "./image.js";
import { labelBox } from "./labelling.js";
import { noteBox } from "./notes.js";
import { bar } from "./row.js";

const SHOWN = ["brightness", "squareness", "cracking", "contamination"];

/** @returns {{node: HTMLElement, stop: () => void}} */
export function squarePanel({ store, review, step, labelling }) {
  const image = new SquareImage();
  const attention = attentionControls(store);
  const rank = el("h2");
  const standing = el("span", { class: "state" });
  const steps = el("span", { class: "steps" }, stepButton("↑", text.panel.previous, () => step(-1)), stepButton("↓", text.panel.next, () => step(1)));
  const head = el("header", { class: "panel-head" }, rank, standing, steps);
  const scores = el("div", { class: "scores" });
  const facts = el("dl", { class: "facts" });
  const history = el("section", { class: "history" });
  const decision = decisionBox({ store, review });
  const label = labelBox({ store, review, labelling });
  const full = el("div", { class: "panel-full" }, head, image.node, attention.node, scores, decision.node, label.node, facts, history);
  const ofGrid = noteBox({ store, review, about: (state) => (state.grid === null ? null : { grid_id: state.grid.id }) });
  const aboutGrid = el("section", { class: "about-grid", "aria-label": text.panel.gridNotes }, el("h2", {}, text.panel.gridNotes), ofGrid.node);
  const empty = el("div", { class: "panel-empty" }, el("p", {}, text.panel.empty), el("p", { class: "muted" }, text.panel.emptyHint), aboutGrid);
  let asked = null;

  const stop = store.watch(["squares", "selectedId", "attention", "tiles"], (state) => {
    const square = chosen(state);
    full.hidden = square === null;
    empty.hidden = square !== null;
    if (square === null) return;
    put(rank, text.list.rank(square.rank ?? text.none), square.epu_node_id === null ? null : el("small", {}, text.list.epu(square.epu_node_id)));
    const sign = STATUS_SIGN[square.status];
    setText(standing, sign ? `${sign} ${text.status[square.status]}` : "");
    image.show(square, state.attention);
    image.prepare(state.squares[state.squares.indexOf(square) + 1] ?? null);
    put(scores, scoreTable(square));
    put(facts, position(square, state.tiles));
    const wanted = `${square.id} ${square.model_id} ${square.overall}`;
    if (asked !== wanted) {
      asked = wanted;
      put(history);
      showHistory(history, square, () => asked === wanted);
    }
  });
  return { node: el("div", { class: "panel" }, empty, full), stop: () => [stop, attention.stop, decision.stop, label.stop, ofGrid.stop].forEach((end) => end()) };
}

/** The chosen square of the state, or null. */
export function chosen({ squares, selectedId }) {
  return squares.find((square) => square.id === selectedId) ?? null;
}

function stepButton(sign, label, onclick) {
  return el("button", { type: "button", "aria-label": label, title: label, onclick }, sign);
}

function scoreTable(square) {
  const reason = square.reason ?? (square.overall === null ? text.panel.noReason : text.status[square.status]);
  const overall = variable(el("p", { class: "big" }, el("b", {}, score(square.overall)), el("small", {}, spread(square.overall_sd))), "--c", scoreColour(square.overall));
  return [
    el("div", { class: "reasoned" }, overall, el("p", { class: "reason" }, el("bdi", {}, reason))),
    el("div", { class: "long-bars" }, ...SHOWN.flatMap((name) => [
      el("span", { class: "name" }, text.attributes[name]),
      bar(name, square[name], square[`${name}_sd`]),
      el("span", { class: "value" }, score(square[name]), el("small", {}, spread(square[`${name}_sd`]))),
    ])),
  ];
}

function position(square, tiles) {
  const tile = tiles.find((one) => one.id === square.tile_id);
  const xy = (x, y) => `${micrometres(x)}, ${micrometres(y)}`;
  const z = square.stage_z_um === null ? "" : `, z ${micrometres(square.stage_z_um)}`;
  const source = text.panel.stageSource[square.stage_source] ?? square.stage_source;
  const residual = square.stage_residual_um === null ? "" : ` ${text.panel.residual(square.stage_residual_um.toFixed(1))}`;
  return [
    fact(text.panel.where, xy(square.stage_x_um, square.stage_y_um) + z, `${source}${residual}`),
    square.aligned_stage_x_um === null ? null : fact(text.panel.aligned, xy(square.aligned_stage_x_um, square.aligned_stage_y_um)),
    square.epu_node_id === null ? null : fact(text.panel.epu, text.panel.epuNode(square.epu_node_id, square.epu_category)),
    fact(text.panel.size, text.panel.sizeValue(square.width_px.toFixed(0), square.height_px.toFixed(0), square.rotation_deg.toFixed(1)), square.on_rim ? text.list.rim : null),
    tile ? fact(text.panel.tile, tile.name) : null,
  ].filter(Boolean);
}

function fact(name, value, note = null) {
  return el("div", {}, el("dt", {}, name), el("dd", {}, el("bdi", {}, value), note && el("small", {}, note)));
}

async function showHistory(node, square, wanted) {
  const list = new List(`/squares/${square.id}/predictions`);
  try {
    await list.refresh();
  } catch (error) {
    if (!("status" in error)) throw error;
    return;
  }
  if (!wanted()) return;
  put(node, el("h3", {}, text.panel.history), list.data.length === 0 ? el("p", { class: "muted" }, text.panel.historyNone) : table(list.data, square));
}

function table(predictions, square) {
  return el("table", {}, el("tbody", {}, ...predictions.map((one) =>
    el("tr", {},
      el("td", {}, el("bdi", {}, one.model_id), one.model_id === square.model_id ? el("small", {}, ` ${text.panel.current}`) : null),
      el("td", { class: "number" }, `${score(one.overall)} ${spread(one.overall_sd)}`),
      el("td", { class: "muted number" }, moment(one.created_at)),
    ))));
}
