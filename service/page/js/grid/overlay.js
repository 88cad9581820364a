/** One SVG over the atlas: outlines of squares, EPU's categories, tile seams, the chosen square. Atlas pixels inside. */

import { outline, scoreColour, STATUS_SIGN } from "../colours.js";
import { put, svg, variable } from "../dom.js";
import { rem } from "../rem.js";
import { text } from "../text.js";

const FAR_PX = 20;
const NUMBERS_FROM_PX = 34;
const NUMBERED = 20;
const REM_PX = 14;
/** How far the drawing reaches beyond what is seen; the style sheet says the same. */
const MARGIN_PX = 240;
/** How far a drawing is blown up before it is made anew. */
const COARSEST = 2.2;

export class Overlay {
  #halos = svg("path", { class: "halos" });
  #squaresLayer = svg("g", { class: "squares" });
  #lattice = svg("path", { class: "lattice" });
  #seams = svg("g", { class: "seams" });
  #plan = svg("g", { class: "plan-way" });
  #categories = svg("g", { class: "categories" });
  #signs = svg("g", { class: "signs" });
  #numbers = svg("g", { class: "numbers" });
  #hovered = svg("polygon", { class: "hovered" });
  #selected = svg("g", { class: "selected" });
  #world;
  #drawn = new Map();
  #squares = [];
  #typicalSide = 100;
  #scale = 0;
  #drawnAt = null;
  #moving = false;

  constructor() {
    this.#world = svg("g", {}, this.#lattice, this.#seams, this.#halos, this.#squaresLayer, this.#categories, this.#signs, this.#plan, this.#numbers, this.#hovered, this.#selected);
    this.node = svg("svg", { class: "overlay", "aria-hidden": "true" }, this.#world);
  }

  /**
   * Put atlas pixel (0, 0) at screen (x, y), `scale` screen pixels per atlas pixel. While the atlas moves, what is drawn is
   * moved as a picture for as long as it covers what is seen and is not too coarse: to draw it anew costs a frame.
   *
   * @param {{x: number, y: number}} seen width and height of the part of the screen that the atlas fills
   */
  place(x, y, scale, seen) {
    if (this.#moving && this.#movePicture(x, y, scale, seen)) return;
    this.#drawnAt = { x, y, scale };
    this.node.style.transform = "none";
    this.#world.setAttribute("transform", `matrix(${scale} 0 0 ${scale} ${x + MARGIN_PX} ${y + MARGIN_PX})`);
    if (scale === this.#scale) return;
    this.#scale = scale;
    this.#restyle();
  }

  /** @param {Set<string>} faint ids that the filters hide from the list */
  setSquares(squares, faint) {
    const seen = new Set();
    for (const square of squares) {
      seen.add(square.id);
      const drawn = this.#drawn.get(square.id);
      if (drawn?.square !== square) this.#draw(square, drawn);
      this.#drawn.get(square.id).node.classList.toggle("faint", faint.has(square.id));
    }
    for (const [id, { node }] of this.#drawn) {
      if (seen.has(id)) continue;
      node.remove();
      this.#drawn.delete(id);
    }
    this.#halos.setAttribute("d", squares.filter(({ id }) => !faint.has(id)).map((square) => `M${points(square)}Z`).join(""));
    this.#squares = squares;
    this.#drawCategories();
    put(this.#signs, ...squares.filter(({ id, status }) => status in STATUS_SIGN && !faint.has(id)).map(statusSign));
    put(this.#numbers, ...squares.filter((square) => square.rank !== null && square.rank <= NUMBERED && square.overall !== null).map(number));
    if (squares.length > 0) this.#typicalSide = squares.reduce((sum, square) => sum + square.width_px, 0) / squares.length;
    this.#restyle();
  }

  setTiles(tiles) {
    put(this.#seams, ...tiles.flatMap(seam));
  }

  /** @param {[[number, number], [number, number]][]} lines along the bars of the mesh */
  setLattice(lines) {
    this.#lattice.setAttribute("d", lines.map(([from, to]) => `M${from}L${to}`).join(""));
  }

  /** @param {object[]} order the squares to take, in their order */
  setPlan(order) {
    const way = order.map(({ center_x_px: x, center_y_px: y }) => `${x},${y}`);
    this.node.classList.toggle("with-plan", order.length > 1);
    put(this.#plan, order.length < 2 ? null : [svg("polyline", { class: "under", points: way.join(" ") }), svg("polyline", { class: "over", points: way.join(" ") }), ...order.map(stop)]);
  }

  setHovered(square) {
    this.#hovered.setAttribute("points", square === null ? "" : points(square));
  }

  setSelected(square) {
    put(this.#selected, ...(square === null ? [] : chosen(square)));
  }

  /** While the atlas moves, dark edges are left out: they cost half of each drawing. */
  setMoving(moving) {
    this.#moving = moving;
    this.node.classList.toggle("moving", moving);
  }

  /** @returns {boolean} whether moving the picture was enough */
  #movePicture(x, y, scale, seen) {
    if (this.#drawnAt === null) return false;
    const by = scale / this.#drawnAt.scale;
    const left = x - by * (this.#drawnAt.x + MARGIN_PX);
    const top = y - by * (this.#drawnAt.y + MARGIN_PX);
    const covers = (from, length) => from <= 0 && from + by * (length + 2 * MARGIN_PX) >= length;
    if (by > COARSEST || !covers(left, seen.x) || !covers(top, seen.y)) return false;
    this.node.style.transform = `translate(${left + MARGIN_PX}px, ${top + MARGIN_PX}px) scale(${by})`;
    return true;
  }

  setLayers({ outlines, categories, seams, plan }) {
    this.node.classList.toggle("no-plan", !plan);
    this.node.classList.toggle("no-outlines", !outlines);
    this.node.classList.toggle("with-categories", categories);
    this.node.classList.toggle("with-seams", seams);
    this.#drawCategories();
  }

  #drawCategories() {
    const shown = this.node.classList.contains("with-categories");
    put(this.#categories, ...(shown ? this.#squares.filter((square) => square.epu_category !== null).map(category) : []));
  }

  #draw(square, drawn) {
    const node = shape(square);
    if (drawn === undefined) this.#squaresLayer.append(node);
    else drawn.node.replaceWith(node);
    this.#drawn.set(square.id, { square, node });
  }

  /** Lines thin out and squares fill with colour when they are small on screen, so that the atlas reads as a map. */
  #restyle() {
    const side = this.#typicalSide * this.#scale;
    for (const layer of [this.#numbers, this.#signs]) variable(layer, "--unit", 1 / this.#scale);
    this.node.classList.toggle("far", side < FAR_PX);
    this.node.classList.toggle("near", side >= NUMBERS_FROM_PX);
    const line = (side < 12 ? 0.5 : side < FAR_PX ? 0.65 : side < 60 ? 0.85 : 1.1) * (rem() / REM_PX);
    if (this.node.style.getPropertyValue("--line") !== String(line)) variable(this.node, "--line", line);
  }
}

function points(square) {
  return square.corners_px.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
}

function shape(square) {
  const { width, dash } = outline(square);
  const scored = square.status === "scored" || square.status === "partial" || square.status === "out_of_domain";
  const colour = scoreColour(scored ? square.overall : null);
  const line = svg("polygon", { points: points(square), stroke: colour, fill: colour, "stroke-dasharray": dash });
  variable(line, "--width", width);
  const kind = `square ${square.status}${square.decision ? ` ${square.decision}` : ""}`;
  return svg("g", { class: kind, "data-id": square.id }, line, ...decisionMarks(square));
}

/** What a decision adds: never colour alone. */
function decisionMarks(square) {
  const made = [];
  const { width_px: side } = square;
  if (square.decision === "skip") {
    const [a, b, c, d] = square.corners_px;
    made.push(svg("path", { class: "skip-mark", d: `M${a}L${c}M${b}L${d}` }));
  }
  if (square.decision === "take") {
    const [cx, cy] = discOf(square);
    const r = side * 0.13;
    made.push(
      svg("circle", { class: "take-disc", cx, cy, r }),
      svg("path", { class: "take-mark", d: `M${cx - r * 0.5},${cy}l${r * 0.38},${r * 0.4}l${r * 0.62},${-r * 0.8}` }),
    );
  }
  return made;
}

/** Where the mark of a square to take is drawn: inside its corner, clear of the brackets of the chosen square. */
function discOf({ corners_px: corners, center_x_px: x, center_y_px: y }) {
  return [x + (corners[1][0] - x) * 0.78, y + (corners[1][1] - y) * 0.78];
}

function statusSign(square) {
  const { center_x_px: x, center_y_px: y, width_px: side, status } = square;
  return variable(svg("text", { x, y, dy: "0.35em" }, STATUS_SIGN[status]), "--side", `${side * 0.45}px`);
}

function category(square) {
  const { center_x_px: x, center_y_px: y, width_px: side, epu_category: value } = square;
  return svg("text", { x, y, "font-size": side * 0.5, "stroke-width": side * 0.1, dy: "0.36em" }, String(value));
}

function number(square) {
  const [x, y] = square.corners_px[0];
  return svg("text", { x, y, dx: "0.4em", dy: "1.15em" }, String(square.rank));
}

/** Where a square comes in the plan. */
function stop(square, k) {
  const [x, y] = discOf(square);
  return svg("text", { x, y, dy: "0.36em", "font-size": square.width_px * (k < 9 ? 0.19 : 0.14) }, String(k + 1));
}

function seam(tile) {
  const { x_px: x, y_px: y, width_px: width, height_px: height } = tile;
  return [
    svg("rect", { class: tile.state, x, y, width, height }),
    svg("text", { x: x + width * 0.02, y: y + height * 0.02, "font-size": height * 0.09, "stroke-width": height * 0.015, dy: "0.9em" }, text.atlas.tile(tile.index)),
  ];
}

function chosen(square) {
  const corners = square.corners_px.map(([x, y]) => [
    square.center_x_px + (x - square.center_x_px) * 1.16,
    square.center_y_px + (y - square.center_y_px) * 1.16,
  ]);
  const brackets = corners.map(([x, y], k) => {
    const next = corners[(k + 1) % 4];
    const last = corners[(k + 3) % 4];
    const part = ([tx, ty]) => `${x + (tx - x) * 0.26},${y + (ty - y) * 0.26}`;
    return `M${part(last)}L${x},${y}L${part(next)}`;
  });
  return [svg("path", { class: "under", d: brackets.join("") }), svg("path", { class: "over", d: brackets.join("") })];
}
