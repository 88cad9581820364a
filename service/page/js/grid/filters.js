/** Which squares the list shows; the others stay on the atlas, faintly. */

import { el, setText } from "../dom.js";
import { text } from "../text.js";

/** The squares that pass, in rank order. */
export function passing(squares, { minimum, status, decided }) {
  return squares.filter(
    (square) =>
      (minimum === 0 || (square.overall !== null && square.overall >= minimum)) &&
      (status === "" || square.status === status) &&
      isDecided(square, decided),
  );
}

function isDecided(square, decided) {
  if (decided === "") return true;
  if (decided === "undecided") return square.decision === null;
  if (decided === "labelled") return square.label !== null;
  if (decided === "unlabelled") return square.label === null;
  return square.decision === decided;
}

/** The row of controls above the list. */
export function filterBar(store) {
  const set = (patch) => store.set({ filters: { ...store.state.filters, ...patch } });
  const value = el("b");
  const minimum = el("input", { type: "range", min: "0", max: "4", step: "0.1", "aria-label": text.list.minimum, title: text.list.minimum, oninput: () => set({ minimum: Number(minimum.value) }) });
  const status = choice(text.list.status, text.status, (chosen) => set({ status: chosen }));
  const decided = choice(
    text.list.decided,
    { undecided: text.list.undecided, ...text.decision, labelled: text.list.labelled, unlabelled: text.list.unlabelled },
    (chosen) => set({ decided: chosen }),
  );
  const stop = store.watch(["filters"], ({ filters }) => {
    minimum.value = String(filters.minimum);
    setText(value, filters.minimum === 0 ? text.list.any : `≥ ${filters.minimum.toFixed(1)}`);
    status.value = filters.status;
    decided.value = filters.decided;
  });
  const node = el("div", { class: "filters" }, el("label", { class: "minimum" }, value, minimum), status, decided);
  return { node, stop };
}

function choice(label, words, choose) {
  const options = Object.entries(words).map(([value, word]) => el("option", { value }, word));
  return el("select", { "aria-label": label, title: label, onchange: (event) => choose(event.target.value) }, el("option", { value: "" }, label), ...options);
}
