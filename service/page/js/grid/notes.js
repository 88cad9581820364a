/** What was decided and noted of a square, or noted of the whole grid: who, when, in which words. */

import { el, put } from "../dom.js";
import { moment } from "../format.js";
import { shorten } from "../names.js";
import { text } from "../text.js";

const SHOWN = new Set(["take", "skip", "note"]);

/**
 * A field for a note and what stands already.
 *
 * @param {{store: object, review: object, about: (state: object) => {square_id?: string, grid_id?: string}|null}} parts
 * @returns {{node: HTMLElement, stop: () => void}}
 */
export function noteBox({ store, review, about }) {
  const words = el("input", { type: "text", maxlength: "4000", placeholder: text.decide.notePlaceholder, "aria-label": text.decide.note });
  const form = el("form", { class: "note", onsubmit: (event) => { event.preventDefault(); save(); } }, words);
  const standing = el("ul", { class: "notes", "aria-label": text.decide.standing });

  function save() {
    const subject = about(store.state);
    if (subject === null || words.value.trim() === "") return;
    review.note(subject, words.value.trim());
    words.value = "";
    words.blur();
  }

  const stop = store.watch(["decisions", "selectedId", "grid"], (state) => put(standing, notesOf(state.decisions, about(state)).map(line)));
  return { node: el("div", { class: "noted" }, form, standing), stop };
}

/** What stands for a subject, newest first. */
export function notesOf(decisions, subject) {
  if (subject === null) return [];
  const wanted = (one) => (subject.square_id === undefined ? one.square_id === null : one.square_id === subject.square_id);
  return decisions.filter((one) => SHOWN.has(one.kind) && wanted(one));
}

function line(decision) {
  const said = decision.text === null ? null : el("bdi", { class: "said" }, decision.text);
  const kind = decision.kind === "note" ? null : `${text.decision[decision.kind]}, `;
  return el("li", {}, said, el("small", {}, kind, el("bdi", {}, shorten(decision.actor, 40)), `, ${moment(decision.created_at)}`));
}
