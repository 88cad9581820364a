/** One printable page per grid: the atlas with its best squares, a table, where it was taken, and how EPU saw it. */

import { scoreColour, USABLE } from "./colours.js";
import { el, put, variable } from "./dom.js";
import { moment, percent, score, signed, spread } from "./format.js";
import { gridName, sessionName, shorten } from "./names.js";
import { gridAddress } from "./router.js";
import { drawable, median, summarise } from "./session/summary.js";
import { Thumbnail } from "./session/thumbnail.js";
import { verdict } from "./session/verdict.js";
import { text } from "./text.js";

const TOP = 24;

/** Open the report in `node`; gives a function that closes it. */
export function openReport(node, { store }) {
  const sheet = el("article", { class: "report" });
  const picture = new Thumbnail(text.grid.atlas, { side: 1400, numbers: TOP, snug: true });
  put(node, sheet);
  return store.watch(["grid", "squares", "tiles", "atlas", "sessions", "decisions", "missing"], (state) => {
    if (state.grid === null) return put(sheet, el("p", { class: "muted" }, state.missing ? text.grid.notFound : text.loading));
    document.title = text.report.title(gridName(state.grid));
    picture.show(summarise(state.grid, state.squares, state.tiles, state.atlas));
    return put(sheet, controls(state.grid), ...body(state, picture.canvas));
  });
}

function controls(grid) {
  return el(
    "nav",
    { class: "report-controls" },
    el("a", { href: gridAddress(grid.id), "data-inside": "", class: "button" }, text.report.back),
    el("button", { type: "button", onclick: () => window.print() }, text.report.print),
  );
}

function body(state, canvas) {
  const { grid, squares } = state;
  const top = squares.filter((square) => square.overall !== null && square.rank !== null).slice(0, TOP);
  const brightness = median(squares.filter((square) => square.status === "scored" && square.brightness !== null).map((square) => square.brightness));
  const { kind, words } = verdict(grid, brightness);
  return [
    el("header", { "data-verdict": kind }, el("h1", {}, el("bdi", {}, gridName(grid))), el("p", { class: "verdict" }, words), el("p", { class: "muted" }, text.report.made(moment(new Date().toISOString())))),
    el("div", { class: "report-top" }, el("figure", {}, canvas), el("dl", { class: "report-facts" }, ...facts(state))),
    el("h2", {}, text.report.top(top.length)),
    el("div", { class: "wide" }, table(text.report.columns, top.map(line))),
    el("section", { class: "report-agreement" }, el("h2", {}, text.report.agreement), ...agreement(squares)),
    ...notes(state),
  ];
}

function facts({ grid, atlas, sessions, squares, tiles }) {
  const session = sessions?.find((one) => one.id === grid.session_id);
  const names = text.report.facts;
  const models = [...new Set(squares.map((square) => square.model_id).filter(Boolean))];
  const unit = (value, words) => (value === null || value === undefined ? null : words(value));
  const given = [
    [names.session, session && sessionName(session)],
    [names.grid, [text.session.grid(grid.sample), grid.slot === null ? null : text.session.slot(grid.slot)].filter(Boolean).join(", ")],
    [names.microscope, [session?.instrument_model, session?.instrument_id].filter(Boolean).join(", ")],
    [names.camera, atlas?.camera],
    [names.magnification, unit(atlas?.magnification, (value) => `${value} ×`)],
    [names.voltage, unit(atlas?.voltage_kv, (value) => `${value} kV`)],
    [names.acquired, unit(atlas?.acquired_at, moment)],
    [names.pixel, unit(atlas?.pixel_nm, (value) => `${value.toFixed(1)} nm`)],
    [names.film, unit(atlas?.film_level, (value) => value.toFixed(0))],
    [names.mesh, unit(atlas?.mesh_pitch_um, (pitch) => text.report.mesh(pitch.toFixed(1), signed(atlas.mesh_rotation_deg ?? 0)))],
    [names.tiles, text.session.tiles(tiles.filter(drawable).length, grid.tiles_planned)],
    [names.squares, text.grid.usable(grid.squares_usable, grid.squares_scored)],
    [names.model, models.join(", ")],
  ];
  return given.filter(([, value]) => value).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, el("bdi", {}, value))]);
}

function line(square) {
  const overall = variable(el("b", { class: "report-score" }, score(square.overall)), "--c", scoreColour(square.overall));
  const attribute = (name) => score(square[name]);
  return [
    String(square.rank),
    square.epu_node_id === null ? text.none : String(square.epu_node_id),
    el("span", {}, overall, ` ${spread(square.overall_sd)}`),
    attribute("brightness"),
    attribute("squareness"),
    attribute("cracking"),
    attribute("contamination"),
    signed(square.stage_x_um),
    signed(square.stage_y_um),
    square.decision ? text.decision[square.decision] : "",
    el("bdi", {}, shorten(square.reason ?? "", 120)),
  ];
}

/** How the scores fall into EPU's categories, which EPU found without knowing what is good. */
function agreement(squares) {
  const known = squares.filter((square) => square.epu_category !== null && square.overall !== null);
  if (known.length === 0) return [el("p", { class: "muted" }, text.report.agreementNone)];
  const groups = [...Map.groupBy(known, (square) => square.epu_category)].sort(([a], [b]) => a - b);
  const held = groups.map(([category, group]) => [category, group.filter(isUsable).length]);
  const usable = held.reduce((sum, [, count]) => sum + count, 0);
  const [best, most] = held.reduce((one, other) => (other[1] > one[1] ? other : one));
  const rows = groups.map(([category, group], k) => {
    const scores = group.map((square) => square.overall);
    return [String(category), String(group.length), score(median(scores)), percent(held[k][1] / group.length)];
  });
  const words = text.report.explained(percent(explained(groups.map(([, group]) => group.map((square) => square.overall)))), best, most, usable);
  return [el("p", {}, words), table(text.report.agreementColumns, rows)];
}

/** The share of the scores' variance that lies between groups (the squared correlation ratio). */
function explained(groups) {
  const all = groups.flat();
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const middle = mean(all);
  const total = all.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  const between = groups.reduce((sum, group) => sum + group.length * (mean(group) - middle) ** 2, 0);
  return total === 0 ? 0 : between / total;
}

function isUsable(square) {
  return square.status === "scored" && square.complete && square.overall >= USABLE;
}

function notes({ decisions, squares }) {
  const noted = decisions.filter((one) => one.kind === "note");
  if (noted.length === 0) return [];
  const rank = new Map(squares.map((square) => [square.id, square.rank]));
  const of = (one) => (one.square_id === null ? text.report.ofGrid : text.list.rank(rank.get(one.square_id) ?? text.none));
  return [
    el("h2", {}, text.report.notes),
    el("ul", { class: "report-notes" }, ...noted.slice(0, TOP).map((one) => el("li", {}, el("b", {}, of(one)), " ", el("bdi", {}, one.text), el("small", { class: "muted" }, " ", el("bdi", {}, shorten(one.actor, 40)))))),
  ];
}

function table(columns, rows) {
  return el(
    "table",
    {},
    el("thead", {}, el("tr", {}, ...columns.map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, ...rows.map((cells) => el("tr", {}, ...cells.map((cell) => el("td", {}, cell))))),
  );
}
