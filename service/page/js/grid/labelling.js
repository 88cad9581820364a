/** Labelling where you look: an attribute is active, 0 to 4 grades it, and the page moves on as the operator likes. */

import { List } from "../api.js";
import { el, setText } from "../dom.js";
import { score } from "../format.js";
import { shorten } from "../names.js";
import { ATTRIBUTES, author, setAuthor } from "../state/review.js";
import { text } from "../text.js";
import { agreement } from "./agreement.js";
import { chosen } from "./panel.js";

const GRADES = [0, 1, 2, 3, 4];

/** How one labels: which attribute is next, and where a label leads. */
export class Labelling {
  #queue = null;

  constructor(store, review, goTo) {
    this.store = store;
    this.review = review;
    this.goTo = goTo;
    store.set({ labelling: { active: "overall", after: "square", order: "rank" } });
  }

  get way() {
    return this.store.state.labelling;
  }

  set(patch) {
    this.store.set({ labelling: { ...this.way, ...patch } });
    if (patch.order === "queue") this.#advance(null);
  }

  /** Grade the chosen square and go where the operator wants to go next. */
  async grade(value, attribute = this.way.active) {
    const square = chosen(this.store.state);
    if (square === null || !this.review.grade(square, attribute, value)) return;
    const next = ATTRIBUTES[ATTRIBUTES.indexOf(attribute) + 1];
    if (this.way.after === "stay") return;
    if (this.way.after === "attribute" && next !== undefined) {
      this.set({ active: next });
      return;
    }
    if (this.way.after === "attribute") this.set({ active: ATTRIBUTES[0] });
    await this.#advance(square);
  }

  async #advance(from) {
    if (this.way.order === "rank") {
      this.goTo(1);
      return;
    }
    if (this.#queue === null || this.#queue.length === 0) this.#queue = await this.#ask();
    const mine = (id) => this.review.labelOf(id) !== null || id === from?.id;
    while (this.#queue.length > 0 && mine(this.#queue[0])) this.#queue.shift();
    if (this.#queue.length === 0) this.store.set({ said: { words: text.label.queueEmpty } });
    else this.store.set({ selectedId: this.#queue.shift() });
  }

  async #ask() {
    const list = new List(`/grids/${this.store.state.place.gridId}/label_queue`);
    try {
      await list.refresh();
    } catch (error) {
      if (!("status" in error)) throw error;
      return [];
    }
    return list.data.map((item) => item.square_id ?? item.id);
  }
}

/** Grades of all attributes as buttons, initials, and how to go on. */
export function labelBox({ store, review, labelling }) {
  const rows = ATTRIBUTES.map((name) => gradeRow(name, labelling));
  const initials = el("input", {
    type: "text",
    maxlength: "32",
    class: "initials",
    value: author(),
    placeholder: text.label.author,
    "aria-label": text.label.author,
    title: text.label.authorHint,
    autocomplete: "off",
    onchange: () => { setAuthor(initials.value); store.set({ labels: [...store.state.labels] }); },
    onkeydown: (event) => event.key === "Enter" && initials.blur(),
  });
  const after = choice(text.label.after, text.label.afters, (value) => labelling.set({ after: value }));
  const order = choice(text.label.order, text.label.orders, (value) => labelling.set({ order: value }));
  const others = el("p", { class: "muted others" });
  const agreed = el("p", { class: "muted others agreed" });
  const stop = store.watch(["squares", "selectedId", "labels", "labelling"], (state) => {
    const square = chosen(state);
    if (square === null) return;
    const mine = review.labelOf(square.id);
    rows.forEach((row) => row.show(mine, square, state.labelling.active));
    after.value = state.labelling.after;
    order.value = state.labelling.order;
    setText(others, wordsOfOthers(state.labels, square));
    const found = agreement(state.labels);
    setText(agreed, found === null ? "" : text.label.agreement(found.squares, found.difference.toFixed(1), found.kappa?.toFixed(2) ?? null));
  });
  const head = el("header", {}, el("h3", {}, text.label.title), initials);
  const node = el("section", { class: "labelling", "aria-label": text.label.title }, head, ...rows.map((row) => row.node), el("div", { class: "ways" }, after, order), others, agreed);
  return { node, stop };
}

function gradeRow(name, labelling) {
  const buttons = GRADES.map((value) => el("button", { type: "button", "aria-label": text.label.grade(text.attributes[name], value), onclick: () => labelling.grade(value, name) }, String(value)));
  const title = el("button", { type: "button", class: "name", title: text.attributeEnds[name], onclick: () => labelling.set({ active: name }) }, el("kbd", { "aria-hidden": "true" }, text.initials[name]), text.attributes[name]);
  const node = el("div", { class: "grade-row", "data-attribute": name }, title, el("span", { class: "grades", role: "group", "aria-label": text.attributes[name] }, ...buttons));
  return {
    node,
    show(mine, square, active) {
      node.classList.toggle("active", name === active);
      title.setAttribute("aria-pressed", String(name === active));
      const given = mine?.[name] ?? null;
      const guess = square[name] === null ? null : Math.round(square[name]);
      buttons.forEach((button, value) => {
        button.setAttribute("aria-pressed", String(given === value));
        button.classList.toggle("guess", guess === value);
      });
    },
  };
}

function wordsOfOthers(labels, square) {
  const said = labels.filter((label) => label.square_id === square.id && label.author !== author());
  return said.map((label) => text.label.others(shorten(label.author, 40), score(label.overall))).join(" · ");
}

function choice(label, words, choose) {
  const options = Object.entries(words).map(([value, word]) => el("option", { value }, `${label}: ${word}`));
  return el("select", { "aria-label": label, onchange: (event) => choose(event.target.value) }, ...options);
}
