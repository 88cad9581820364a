/** The ranked list. Only the rows in sight exist, whatever its length; every row has the same height. */

import { el, put, variable } from "../dom.js";
import { rem } from "../rem.js";
import { text } from "../text.js";
import { row } from "./row.js";

const SPARE = 4;

export class RankedList {
  #scroller;
  #spacer = el("div", { class: "spacer" });
  #squares = [];
  #rows = new Map();
  #selectedId = null;
  #events;
  #frame = 0;
  #sizes;

  /** @param {{onPick: (id: string) => void, onHover: (id: string|null) => void}} events */
  constructor(events) {
    this.#events = events;
    this.#scroller = el(
      "div",
      { class: "rows", role: "listbox", tabindex: "0", "aria-label": text.list.label, onscroll: () => this.#later() },
      this.#spacer,
    );
    this.#scroller.addEventListener("click", (event) => this.#at(event, (id) => events.onPick(id)));
    this.#scroller.addEventListener("pointerover", (event) => this.#at(event, (id) => events.onHover(id)));
    this.#scroller.addEventListener("pointerleave", () => events.onHover(null));
    this.#sizes = new ResizeObserver(() => this.#later());
    this.#sizes.observe(this.#scroller);
    this.node = this.#scroller;
  }

  show(squares) {
    this.#squares = squares;
    variable(this.#spacer, "--rows", squares.length);
    this.#later();
  }

  select(id, { reveal = true } = {}) {
    this.#selectedId = id;
    const index = this.#squares.findIndex((square) => square.id === id);
    if (index >= 0 && reveal) this.#scrollTo(index);
    this.#draw();
  }

  close() {
    this.#sizes.disconnect();
    cancelAnimationFrame(this.#frame);
  }

  #later() {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #rowHeight() {
    return parseFloat(getComputedStyle(this.#scroller).getPropertyValue("--row-px")) * rem();
  }

  #scrollTo(index) {
    const height = this.#rowHeight();
    const { scrollTop, clientHeight } = this.#scroller;
    if (index * height < scrollTop) this.#scroller.scrollTop = index * height;
    else if ((index + 1) * height > scrollTop + clientHeight) this.#scroller.scrollTop = (index + 1) * height - clientHeight;
  }

  #draw() {
    this.#frame = 0;
    const height = this.#rowHeight();
    const first = Math.max(0, Math.floor(this.#scroller.scrollTop / height) - SPARE);
    const last = Math.min(this.#squares.length, Math.ceil((this.#scroller.scrollTop + this.#scroller.clientHeight) / height) + SPARE);
    const kept = new Map();
    for (let index = first; index < last; index += 1) {
      const square = this.#squares[index];
      const known = this.#rows.get(square.id);
      const shown = known?.square === square ? known : { square, node: row(square) };
      const { node } = shown;
      variable(node, "--index", index);
      node.setAttribute("aria-posinset", String(index + 1));
      node.setAttribute("aria-setsize", String(this.#squares.length));
      node.setAttribute("aria-selected", String(square.id === this.#selectedId));
      kept.set(square.id, shown);
    }
    this.#rows = kept;
    const nodes = [...kept.values()].map(({ node }) => node);
    const standing = this.#spacer.children;
    if (standing.length !== nodes.length || nodes.some((node, k) => standing[k] !== node)) put(this.#spacer, nodes);
    const active = kept.get(this.#selectedId);
    if (active) this.#scroller.setAttribute("aria-activedescendant", active.node.id);
    else this.#scroller.removeAttribute("aria-activedescendant");
  }

  #at(event, act) {
    const id = event.target.closest?.("[data-id]")?.dataset.id;
    if (id) act(id);
  }
}
