/** One square of the ranked list: rank, picture, score, five attributes with their spread, and why. */

import { goodness, scoreColour, STATUS_SIGN } from "../colours.js";
import { el, variable } from "../dom.js";
import { score, spread } from "../format.js";
import { shorten } from "../names.js";
import { text } from "../text.js";

const ATTRIBUTES = ["brightness", "squareness", "cracking", "contamination"];

/** A list option of fixed height. */
export function row(square) {
  const words = square.status === "scored" ? (square.reason ?? text.status.scored) : [text.status[square.status], square.reason].filter(Boolean).join(": ");
  const label = text.list.option(square, score(square.overall), words);
  return el(
    "div",
    { class: `row ${square.status}`, role: "option", id: `row-${square.id}`, "data-id": square.id, "aria-label": label, "data-decision": square.decision },
    el("span", { class: "rank" }, square.rank === null ? text.none : String(square.rank)),
    picture(square),
    overall(square),
    el("span", { class: "attributes" }, ...ATTRIBUTES.map((name) => bar(name, square[name], square[`${name}_sd`]))),
    el("span", { class: "reason" }, el("bdi", {}, shorten(words, 240))),
    marks(square),
  );
}

/** A bar from 0 to 4 with its spread as a whisker; its length is the value, its colour how good that is. */
export function bar(name, value, sd) {
  const known = value !== null && value !== undefined;
  const fill = el("i");
  const node = el(
    "span",
    { class: known ? `attribute ${name}` : `attribute ${name} unknown`, title: `${text.attributes[name]} ${score(value)} ${spread(sd)} (${text.attributeEnds[name]})` },
    el("span", { class: "letter", "aria-hidden": "true" }, text.initials[name]),
    el("span", { class: "track" }, fill, known && sd ? el("u") : null),
  );
  if (!known) return node;
  variable(node, "--value", value / 4);
  variable(node, "--c", scoreColour(goodness(name, value)));
  if (sd) {
    variable(node, "--from", Math.max(0, value - sd) / 4);
    variable(node, "--to", Math.min(4, value + sd) / 4);
  }
  return node;
}

function picture(square) {
  if (square.thumbnail_url === null) return el("span", { class: "thumb none", "aria-hidden": "true" });
  return el("img", { class: "thumb", src: square.thumbnail_url, alt: "", loading: "lazy", decoding: "async", draggable: "false" });
}

function overall(square) {
  const node = el("span", { class: "overall" }, el("b", {}, score(square.overall)), el("small", {}, spread(square.overall_sd)), bar("overall", square.overall, square.overall_sd));
  return variable(node, "--c", scoreColour(square.overall));
}

function marks(square) {
  const sign = STATUS_SIGN[square.status];
  const decision = { take: "✓", skip: "✕" }[square.decision];
  return el(
    "span",
    { class: "marks" },
    square.label ? el("i", { class: "label-mark", title: `${text.label.title}: ${shorten(square.label.author, 40)}` }, score(square.label.overall)) : null,
    sign ? el("i", { class: "status-mark", title: text.status[square.status] }, sign) : null,
    decision ? el("i", { class: `decision-mark ${square.decision}`, title: text.decision[square.decision] }, decision) : null,
  );
}
