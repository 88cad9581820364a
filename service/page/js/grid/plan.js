/** The plan: the squares to take in their order, when each begins, and how to bring them into another order. */

import { address } from "../api.js";
import { scoreColour } from "../colours.js";
import { el, put, setText, variable } from "../dom.js";
import { score } from "../format.js";
import { text } from "../text.js";
import { ORDERS, planned, reckon, STAGE } from "./travel.js";

const EACH_KEY = "xcryonet.minutes-each";
const EACH_MIN = 3;

/** @returns {{node: HTMLElement, stop: () => void}} */
export function planBox({ store, review, select }) {
  const total = el("p", { class: "count", title: text.plan.reckoned(STAGE) });
  const ways = Object.keys(ORDERS).map((name) => el("button", { type: "button", title: text.plan.hints[name], onclick: () => reorder(name) }));
  const each = el("input", { type: "number", min: "0", max: "600", step: "0.5", value: kept(), "aria-label": text.plan.each, oninput: () => { localStorage.setItem(EACH_KEY, each.value); draw(store.state); } });
  const controls = el("div", { class: "plan-controls" }, el("div", { class: "choices", role: "group", "aria-label": text.plan.orders }, ...ways), el("label", {}, each, ` ${text.plan.each}`));
  const list = el("ol", { class: "plan-list", "aria-label": text.plan.label });
  const exports_ = el("p", { class: "plan-exports" });
  const empty = el("div", { class: "list-empty" });
  const node = el("div", { class: "plan" }, total, controls, list, exports_, empty);

  function reorder(name) {
    review.reorder(ORDERS[name](planned(store.state.squares)).map((square) => square.id));
    store.set({ said: { words: text.plan.reordered(text.plan.hints[name]) } });
  }

  function draw(state) {
    const order = planned(state.squares);
    const minutesEach = minutes(each.value);
    const { length_mm: mm, minutes: long, starts } = reckon(order, minutesEach);
    setText(total, text.plan.total(order.length, Math.round(long), mm.toFixed(1)));
    controls.hidden = order.length < 2;
    Object.entries(ORDERS).forEach(([name, arrange], k) => {
      const { minutes: its } = reckon(arrange(order), minutesEach);
      setText(ways[k], text.plan.way(text.plan.ways[name], Math.round(its)));
    });
    put(list, order.map((square, k) => item(square, k, starts[k], { review, select, chosen: square.id === state.selectedId, last: k === order.length - 1 })));
    put(exports_, order.length === 0 ? null : ["nav", "csv"].map((format) => link(state.place.gridId, format)));
    put(empty, order.length > 0 ? null : [el("p", {}, text.plan.empty), el("p", { class: "muted" }, text.plan.emptyHint)]);
  }
  return { node, stop: store.watch(["squares", "selectedId", "place"], draw) };
}

function item(square, k, start, { review, select, chosen, last }) {
  const words = text.plan.item(square.rank ?? text.none, Math.round(start));
  const grade = variable(el("b", { class: "report-score" }, score(square.overall)), "--c", scoreColour(square.overall));
  const move = (by, sign, label, disabled) => el("button", { type: "button", class: "quiet", "aria-label": label(k + 1), disabled, onclick: () => review.move(square, by) }, sign);
  return el(
    "li",
    { class: chosen ? "chosen" : null, "data-id": square.id },
    el("button", { type: "button", class: "plan-square", "aria-current": chosen ? "true" : null, onclick: () => select(square.id) }, el("span", { class: "place" }, String(k + 1)), grade, el("span", { class: "muted" }, words)),
    move(-1, "↑", text.plan.earlier, k === 0),
    move(1, "↓", text.plan.later, last),
  );
}

function link(gridId, format) {
  return el("a", { href: address(`/grids/${gridId}/export?format=${format}&decision=take`), download: "", class: "button" }, text.plan.exports[format]);
}

function kept() {
  return String(minutes(localStorage.getItem(EACH_KEY) ?? ""));
}

function minutes(words) {
  const value = Number.parseFloat(words);
  return Number.isFinite(value) && value >= 0 ? value : EACH_MIN;
}
