/** The line above a grid's atlas: name, verdict, progress, age, export and report. */

import { address } from "../api.js";
import { el, put, setText, variable } from "../dom.js";
import { age, score, secondsSince } from "../format.js";
import { gridName } from "../names.js";
import { gridAddress } from "../router.js";
import { median } from "../session/summary.js";
import { verdict } from "../session/verdict.js";
import { text } from "../text.js";

const QUIET_S = 90;

/** @returns {{node: HTMLElement, stop: () => void}} */
export function gridHead(store) {
  const name = el("bdi");
  const sentence = el("p", { class: "verdict" });
  const figures = el("p", { class: "muted figures" });
  const bar = el("div", { class: "progress", "aria-hidden": "true" });
  const tiles = el("p", { class: "tiles" });
  const exports_ = el("div", { class: "menu-items" });
  const menu = el("details", { class: "menu" }, el("summary", {}, text.grid.export), exports_);
  const report = el("a", { class: "button", "data-inside": "" }, text.grid.report);
  const node = el("header", { class: "grid-head" }, el("h1", {}, name), sentence, figures, el("div", { class: "tile-progress" }, bar, tiles), menu, report);
  menu.addEventListener("focusout", (event) => { if (!menu.contains(event.relatedTarget)) menu.open = false; });

  const draw = ({ grid, squares }) => {
    node.hidden = grid === null;
    if (grid === null) return;
    document.title = `${gridName(grid)} · ${text.product}`;
    setText(name, gridName(grid));
    const brightness = median(squares.filter((square) => square.status === "scored" && square.brightness !== null).map((square) => square.brightness));
    const { kind, words } = verdict(grid, brightness);
    node.dataset.verdict = kind;
    node.dataset.state = grid.state;
    setText(sentence, words);
    setText(figures, [grid.median_overall === null ? null : text.grid.median(score(grid.median_overall)), grid.tiles_failed > 0 ? text.grid.tilesFailed(grid.tiles_failed) : null].filter(Boolean).join(" · "));
    variable(bar, "--done", grid.tiles_planned ? Math.min(1, grid.tiles_placed / grid.tiles_planned) : 0);
    const quiet = grid.state === "acquiring" ? secondsSince(grid.updated_at) : null;
    const note = quiet !== null && quiet > QUIET_S ? ` · ${text.grid.quiet(age(quiet))}` : "";
    setText(tiles, text.session.tiles(grid.tiles_placed, grid.tiles_planned) + note);
    report.setAttribute("href", gridAddress(grid.id, { report: true }));
    if (exports_.dataset.grid !== grid.id) {
      exports_.dataset.grid = grid.id;
      put(exports_, Object.entries(text.grid.exports).map(([format, label]) => el("a", { href: address(`/grids/${grid.id}/export?format=${format}`), download: "" }, label)));
    }
  };
  return { node, stop: store.watch(["grid", "squares", "connection"], draw) };
}
