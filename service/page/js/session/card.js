/** One grid of the cassette: its atlas in small, what is known of it, and a verdict. */

import { scoreColour } from "../colours.js";
import { el, put, setText, svg, variable } from "../dom.js";
import { percent, score } from "../format.js";
import { gridName } from "../names.js";
import { gridAddress } from "../router.js";
import { text } from "../text.js";
import { Thumbnail } from "./thumbnail.js";
import { verdict, wilson } from "./verdict.js";

/** Keeps its nodes and canvas; `show` only changes what differs. */
export class Card {
  #name = el("bdi");
  #place = el("span", { class: "muted" });
  #verdict = el("p", { class: "verdict" });
  #tiles = el("span");
  #bar = el("div", { class: "progress", "aria-hidden": "true" });
  #facts = el("dl", { class: "facts" });
  #bins = el("div", { class: "bins" });
  #thumbnail;

  constructor(grid) {
    this.#thumbnail = new Thumbnail(text.grid.atlas);
    const link = el("a", { href: gridAddress(grid.id), "data-inside": "" }, this.#name);
    this.node = el(
      "li",
      { class: "card", "data-grid": grid.id },
      el("div", { class: "picture" }, this.#thumbnail.canvas),
      el("div", { class: "words" }, el("h2", {}, link), this.#place, this.#verdict, this.#facts, this.#bins),
      el("div", { class: "foot" }, this.#bar, this.#tiles),
    );
  }

  show(grid, summary) {
    setText(this.#name, gridName(grid));
    setText(this.#place, whereabouts(grid));
    const { kind, words } = verdict(grid, summary?.brightness ?? null);
    this.node.dataset.verdict = kind;
    this.node.dataset.state = grid.state;
    setText(this.#verdict, words);
    setText(this.#tiles, text.session.tiles(grid.tiles_placed, grid.tiles_planned));
    const planned = grid.tiles_planned ?? 0;
    variable(this.#bar, "--done", planned > 0 ? Math.min(1, grid.tiles_placed / planned) : 0);
    put(this.#facts, facts(grid, summary));
    put(this.#bins, summary === null || grid.squares_scored === 0 ? null : histogram(summary.bins));
    if (summary !== null) this.#thumbnail.show(summary);
  }
}

function whereabouts(grid) {
  const parts = [grid.name?.trim() ? text.session.grid(grid.sample) : null, grid.slot === null ? null : text.session.slot(grid.slot)];
  return parts.filter(Boolean).join(" · ");
}

function facts(grid, summary) {
  if (grid.squares_scored === 0) return [];
  const [low, high] = wilson(grid.squares_usable, grid.squares_scored).map((share) => Math.round(share * 100));
  return [
    fact(text.session.usable, String(grid.squares_usable), text.session.share(low, high)),
    fact(text.session.best, score(grid.best_overall)),
    fact(text.session.median, score(grid.median_overall)),
    summary === null || summary.brightness === null ? null : fact(text.session.film, filmWords(grid, summary)),
  ].filter(Boolean);
}

function filmWords({ film_level: level }, { brightness, cracked, contaminated }) {
  const ice = text.session.ices.find(({ from }) => brightness >= from).words;
  const parts = [`${ice} (${score(brightness)})`, text.session.cracked(percent(cracked)), text.session.contaminated(percent(contaminated))];
  return [...parts, level === null ? null : text.session.filmLevel(Math.round(level))].filter(Boolean).join(", ");
}

function fact(name, value, note = null) {
  return el("div", {}, el("dt", {}, name), el("dd", {}, value), note && el("dd", { class: "note" }, note));
}

function histogram(bins) {
  const tallest = Math.max(1, ...bins);
  const bars = bins.map((count, k) =>
    svg("rect", {
      x: k * 10 + 1,
      width: 8,
      y: 40 - (38 * count) / tallest,
      height: (38 * count) / tallest + 0.5,
      fill: scoreColour(((k + 0.5) / bins.length) * 4),
    }),
  );
  const label = text.session.histogram(bins);
  return svg("svg", { viewBox: "0 0 160 41", preserveAspectRatio: "none", role: "img", "aria-label": label }, ...bars);
}
