/** Take or skip a square, a note, and the way through the squares taken. */

import { el, setText } from "../dom.js";
import { text } from "../text.js";
import { chosen } from "./panel.js";
import { travel } from "./travel.js";

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
  const note = el("input", { type: "text", maxlength: "4000", placeholder: text.decide.notePlaceholder, "aria-label": text.decide.note });
  const form = el("form", { class: "note", onsubmit: (event) => saveNote(event, note, store, review) }, note);
  const tour = el("p", { class: "muted tour" });
  const node = el("section", { class: "decision", "aria-label": text.decide.title }, el("div", { class: "buttons" }, take, skip, undo), form, tour);
  const stop = store.watch(["squares", "selectedId"], (state) => {
    const square = chosen(state);
    take.setAttribute("aria-pressed", String(square?.decision === "take"));
    skip.setAttribute("aria-pressed", String(square?.decision === "skip"));
    const taken = state.squares.filter((one) => one.decision === "take");
    const { length_mm: mm } = travel(taken);
    setText(tour, taken.length < 2 ? "" : text.decide.tourLength(taken.length, mm.toFixed(1)));
  });
  return { node, stop };
}

function saveNote(event, field, store, review) {
  event.preventDefault();
  const square = chosen(store.state);
  const words = field.value.trim();
  if (square === null || words === "") return;
  review.note(square, words);
  field.value = "";
  field.blur();
}
