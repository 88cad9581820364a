/** Take or skip a square, notes, and how far the plan of squares to take has come. */

import { el, setText } from "../dom.js";
import { text } from "../text.js";
import { noteBox } from "./notes.js";
import { chosen } from "./panel.js";
import { planned } from "./travel.js";

/** @returns {{node: HTMLElement, stop: () => void}} */
export function decisionBox({ store, review }) {
  const decide = (kind) => {
    const square = chosen(store.state);
    if (square) review.decide(square, square.decision === kind ? null : kind);
  };
  const button = (kind, sign, key) =>
    el("button", { type: "button", class: `decide ${kind}`, onclick: () => decide(kind) }, el("span", { "aria-hidden": "true" }, sign), text.decide[kind], el("kbd", { "aria-hidden": "true" }, key));
  const [take, skip] = [button("take", "✓", "T"), button("skip", "✕", "S")];
  const undo = el("button", { type: "button", class: "quiet", onclick: () => review.undo() }, text.decide.undo, el("kbd", { "aria-hidden": "true" }, "U"));
  const notes = noteBox({ store, review, about: (state) => (state.selectedId === null ? null : { square_id: state.selectedId }) });
  const place = el("p", { class: "muted tour" });
  const node = el("section", { class: "decision", "aria-label": text.decide.title }, el("div", { class: "buttons" }, take, skip, undo), place, notes.node);
  const stop = store.watch(["squares", "selectedId"], (state) => {
    const square = chosen(state);
    take.setAttribute("aria-pressed", String(square?.decision === "take"));
    skip.setAttribute("aria-pressed", String(square?.decision === "skip"));
    const order = planned(state.squares);
    const at = order.findIndex((one) => one.id === square?.id);
    setText(place, at < 0 ? "" : text.plan.place(at + 1, order.length));
  });
  return { node, stop: () => [stop, notes.stop].forEach((end) => end()) };
}
