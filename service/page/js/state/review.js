/** Labels and decisions: shown at once, saved in order, taken back with one key. */

import { send } from "../api.js";
import { text } from "../text.js";
import { clientId, Saver } from "./saving.js";

export const ATTRIBUTES = ["overall", "brightness", "squareness", "cracking", "contamination"];
const UNNAMED = "operator";
const AUTHOR_KEY = "xcryonet.author";

/** The initials that labels and decisions carry; kept in this browser. */
export function author() {
  return localStorage.getItem(AUTHOR_KEY) ?? "";
}

export function setAuthor(initials) {
  localStorage.setItem(AUTHOR_KEY, initials.trim());
}

export class Review {
  #store;
  #saver;
  #undo = [];

  constructor(store, turn) {
    this.#store = store;
    this.#saver = new Saver(store, turn);
    const unwatch = store.watch(["needsToken"], ({ needsToken }) => needsToken || this.#saver.retry());
    this.stop = () => {
      unwatch();
      this.#saver.close();
    };
  }

  /** The grades that `who` gave a square, or null. */
  labelOf(squareId, who = author()) {
    return this.#store.state.labels.find((label) => label.square_id === squareId && label.author === who) ?? null;
  }

  /** Give one attribute of a square a grade; what the same author said of the others stays. */
  grade(square, attribute, value) {
    if (author() === "") {
      this.#say(text.label.needsAuthor);
      document.querySelector(".initials")?.focus();
      return false;
    }
    const before = this.labelOf(square.id);
    this.#undo.push(() => this.#restore(square.id, before));
    this.#putLabel(square.id, { ...grades(before), [attribute]: value });
    this.#say(text.label.saved(text.attributes[attribute], value));
    return true;
  }

  /** Take, skip or (null) withdraw what was decided. */
  decide(square, kind) {
    const before = square.decision;
    if (before === kind) return;
    this.#undo.push(() => this.#putDecision(square.id, before));
    this.#putDecision(square.id, kind);
    const rank = square.rank ?? text.none;
    this.#say(kind === "take" ? text.decide.taken(rank) : kind === "skip" ? text.decide.skipped(rank) : text.decide.cleared);
  }

  note(square, words) {
    this.#saver.save(() => send("POST", "/decisions", [{ client_id: clientId(), actor: author() || UNNAMED, kind: "note", square_id: square.id, text: words }]));
  }

  undo() {
    const last = this.#undo.pop();
    if (last) last();
    else this.#say(text.decide.nothing);
  }

  #restore(squareId, before) {
    if (before !== null) this.#putLabel(squareId, grades(before));
    else this.#dropLabel(squareId);
    this.#say(text.label.removed);
  }

  #putLabel(squareId, given) {
    const who = author();
    const body = { client_id: clientId(), author: who, square_id: squareId, ...given };
    const before = this.labelOf(squareId, who);
    this.#showLabel(squareId, who, { ...body, id: body.client_id });
    const job = () => send("POST", "/labels", [body]);
    this.#saver.save(job, () => this.#showLabel(squareId, who, before));
  }

  #dropLabel(squareId) {
    const who = author();
    const before = this.labelOf(squareId, who);
    this.#showLabel(squareId, who, null);
    const job = async () => {
      const { items } = await send("GET", `/labels?square_id=${squareId}`);
      for (const label of items.filter((one) => one.author === who)) await send("DELETE", `/labels/${label.id}`);
    };
    this.#saver.save(job, () => this.#showLabel(squareId, who, before));
  }

  #showLabel(squareId, who, label) {
    const others = this.#store.state.labels.filter((one) => one.square_id !== squareId || one.author !== who);
    this.#store.set({ labels: label === null ? others : [label, ...others] });
    this.#patch(squareId, { label });
  }

  #putDecision(squareId, kind) {
    const before = this.#store.state.squares.find((square) => square.id === squareId)?.decision ?? null;
    this.#patch(squareId, { decision: kind });
    const body = { client_id: clientId(), actor: author() || UNNAMED, kind: kind ?? "clear", square_id: squareId };
    const job = () => send("POST", "/decisions", [body]);
    this.#saver.save(job, () => this.#patch(squareId, { decision: before }));
  }

  #patch(squareId, change) {
    const squares = this.#store.state.squares.map((square) => (square.id === squareId ? { ...square, ...change } : square));
    this.#store.set({ squares });
  }

  #say(words) {
    this.#store.set({ said: { words } });
  }
}

function grades(label) {
  return Object.fromEntries(ATTRIBUTES.map((name) => [name, label?.[name] ?? null]));
}
