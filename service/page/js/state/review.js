/** Labels and decisions: shown at once, saved in order, taken back with one key. */

import { send } from "../api.js";
import { planned } from "../grid/travel.js";
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
    const order = square.position === null ? null : planned(this.#store.state.squares).map((one) => one.id);
    this.#undo.push(() => {
      this.#putDecision(square.id, before);
      if (order !== null) this.#putOrder(order);
    });
    this.#putDecision(square.id, kind);
    const rank = square.rank ?? text.none;
    this.#say(kind === "take" ? text.decide.taken(rank) : kind === "skip" ? text.decide.skipped(rank) : text.decide.cleared);
  }

  /** Write a note about a square or (`grid_id`) the whole grid. */
  note(subject, words) {
    const body = { client_id: clientId(), actor: author() || UNNAMED, kind: "note", ...subject, text: words };
    const shown = { id: body.client_id, square_id: null, created_at: new Date().toISOString(), ...body };
    this.#store.set({ decisions: [shown, ...this.#store.state.decisions] });
    this.#say(text.decide.noted);
    const forget = () => this.#store.set({ decisions: this.#store.state.decisions.filter((one) => one !== shown) });
    this.#saver.save(() => send("POST", "/decisions", [body]), forget);
  }

  /** Bring the squares to take into an order, by their ids. */
  reorder(ids) {
    const before = planned(this.#store.state.squares).map((square) => square.id);
    this.#undo.push(() => this.#putOrder(before));
    this.#putOrder(ids);
  }

  /** Move a square to take some places down (or up) in the plan. */
  move(square, by) {
    const ids = planned(this.#store.state.squares).map((one) => one.id);
    const from = ids.indexOf(square.id);
    const to = Math.min(ids.length - 1, Math.max(0, from + by));
    if (from < 0 || to === from) return;
    ids.splice(to, 0, ...ids.splice(from, 1));
    this.reorder(ids);
    this.#say(text.plan.place(to + 1, ids.length));
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
    this.#patch(squareId, kind === "take" ? { decision: kind } : { decision: kind, position: null });
    const body = { client_id: clientId(), actor: author() || UNNAMED, kind: kind ?? "clear", square_id: squareId };
    const job = () => send("POST", "/decisions", [body]);
    this.#saver.save(job, () => this.#patch(squareId, { decision: before }));
  }

  #putOrder(ids) {
    const before = new Map(this.#store.state.squares.filter(({ position }) => position !== null).map(({ id, position }) => [id, position]));
    this.#placeAll(new Map(ids.map((id, k) => [id, k + 1])));
    const rows = ids.map((id, k) => ({ client_id: clientId(), actor: author() || UNNAMED, kind: "order", square_id: id, position: k + 1 }));
    this.#saver.save(() => (rows.length > 0 ? send("POST", "/decisions", rows) : null), () => this.#placeAll(before));
  }

  #placeAll(places) {
    const squares = this.#store.state.squares.map((square) => {
      const position = places.get(square.id) ?? null;
      return square.position === position ? square : { ...square, position };
    });
    this.#store.set({ squares });
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
