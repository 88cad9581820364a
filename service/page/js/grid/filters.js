/** Which squares the list shows; the others stay on the atlas, faintly. */

import { el, setText } from "../dom.js";
import { text } from "../text.js";

/** The attributes one can filter by: severities are asked to be at most, the others at least so much. */
const SEVERITIES = new Set(["cracking", "contamination"]);
const ATTRIBUTES = ["brightness", "squareness", "cracking", "contamination"];
export const ALL = { minimum: 0, status: "", decided: "", attribute: "", limit: 2, area: "" };

/** The squares that pass, in rank order; `bounds` is the part of the atlas in view. */
export function passing(squares, { minimum, status, decided, attribute, limit, area }, bounds = null) {
  return squares.filter(
    (square) =>
      (minimum === 0 || (square.overall !== null && square.overall >= minimum)) &&
      (status === "" || square.status === status) &&
      isDecided(square, decided) &&
      hasAttribute(square, attribute, limit) &&
      liesIn(square, area, bounds),
  );
}

function isDecided(square, decided) {
  if (decided === "") return true;
  if (decided === "undecided") return square.decision === null;
  if (decided === "labelled") return square.label !== null;
  if (decided === "unlabelled") return square.label === null;
  return square.decision === decided;
}

function hasAttribute(square, attribute, limit) {
  if (attribute === "") return true;
  const value = square[attribute];
  if (value === null) return false;
  return SEVERITIES.has(attribute) ? value <= limit : value >= limit;
}

function liesIn(square, area, bounds) {
  if (area === "whole") return square.complete;
  if (area === "inside") return !square.on_rim;
  if (area !== "view" || bounds === null) return true;
  const { center_x_px: x, center_y_px: y } = square;
  return x >= bounds.left && x <= bounds.right && y >= bounds.top && y <= bounds.bottom;
}

/** The rows of controls above the list. */
export function filterBar(store) {
  const set = (patch) => store.set({ filters: { ...store.state.filters, ...patch } });
  const minimum = slider(text.list.minimum, (value) => set({ minimum: value }));
  const limit = slider(text.list.limit, (value) => set({ limit: value }));
  const status = choice(text.list.status, text.status, (chosen) => set({ status: chosen }));
  const decided = choice(
    text.list.decided,
    { undecided: text.list.undecided, ...text.decision, labelled: text.list.labelled, unlabelled: text.list.unlabelled },
    (chosen) => set({ decided: chosen }),
  );
  const attribute = choice(text.list.attribute, Object.fromEntries(ATTRIBUTES.map((name) => [name, text.attributes[name]])), (chosen) => set({ attribute: chosen }));
  const area = choice(text.list.area, text.list.areas, (chosen) => set({ area: chosen }));
  const stop = store.watch(["filters"], ({ filters }) => {
    minimum.show(filters.minimum, filters.minimum === 0 ? text.list.any : `≥ ${filters.minimum.toFixed(1)}`);
    limit.show(filters.limit, `${SEVERITIES.has(filters.attribute) ? "≤" : "≥"} ${filters.limit.toFixed(1)}`);
    limit.node.hidden = filters.attribute === "";
    status.value = filters.status;
    decided.value = filters.decided;
    attribute.value = filters.attribute;
    area.value = filters.area;
  });
  const node = el("div", { class: "filters" }, el("div", {}, minimum.node, status, decided), el("div", {}, attribute, limit.node, area));
  return { node, stop };
}

function slider(label, choose) {
  const words = el("b");
  const input = el("input", { type: "range", min: "0", max: "4", step: "0.1", "aria-label": label, title: label, oninput: () => choose(Number(input.value)) });
  return {
    node: el("label", { class: "minimum" }, words, input),
    show(value, shown) {
      input.value = String(value);
      setText(words, shown);
    },
  };
}

function choice(label, words, choose) {
  const options = Object.entries(words).map(([value, word]) => el("option", { value }, word));
  return el("select", { "aria-label": label, title: label, onchange: (event) => choose(event.target.value) }, el("option", { value: "" }, label), ...options);
}
