/** A grid's atlas in small: tile pictures pasted into a canvas, its squares as dots of their score's colour. */

import { scoreColour } from "../colours.js";

const RETRY_MS = 3000;
const TOGETHER_MS = 150;
const GROUND = "#050608";

/** Draws one grid; pictures are fetched once, a new summary only adds to them. */
export class Thumbnail {
  #images = new Map();
  #summary = null;
  #numbers;
  #snug;
  #later = null;

  /**
   * @param {{side?: number, numbers?: number, snug?: boolean}} options `side` in pixels; the best `numbers` squares
   *   carry their rank; `snug` makes the canvas as flat as the atlas
   */
  constructor(label, { side = 640, numbers = 0, snug = false } = {}) {
    this.#numbers = numbers;
    this.#snug = snug;
    this.canvas = document.createElement("canvas");
    this.canvas.width = side;
    this.canvas.height = side;
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", label);
  }

  /** Show what `summary` says (see summary.js). */
  show(summary) {
    if (summary === this.#summary) return;
    this.#summary = summary;
    const wanted = new Set(summary.tiles.map((tile) => tile.url));
    for (const url of this.#images.keys()) if (!wanted.has(url)) this.#images.delete(url);
    for (const url of wanted) if (!this.#images.has(url)) this.#fetch(url);
    this.#draw();
  }

  #fetch(url) {
    const image = new Image();
    image.onload = () => this.#soon();
    image.onerror = () => setTimeout(() => this.#again(url), RETRY_MS);
    image.src = url;
    this.#images.set(url, image);
  }

  /** Draw once for all the pictures that arrive together: a drawing costs as much for one new tile as for all. */
  #soon() {
    this.#later ??= setTimeout(() => this.#draw(), TOGETHER_MS);
  }

  #again(url) {
    if (!this.canvas.isConnected || !this.#images.has(url)) return;
    this.#fetch(url);
  }

  #draw() {
    clearTimeout(this.#later);
    this.#later = null;
    const paint = this.canvas.getContext("2d");
    const { tiles, marks, gain } = this.#summary;
    const width = this.canvas.width;
    const left = Math.min(...tiles.map((tile) => tile.x));
    const top = Math.min(...tiles.map((tile) => tile.y));
    const right = Math.max(...tiles.map((tile) => tile.x + tile.width));
    const bottom = Math.max(...tiles.map((tile) => tile.y + tile.height));
    if (this.#snug && tiles.length > 0) this.canvas.height = Math.round(Math.min(1, (bottom - top) / (right - left)) * width);
    const { height } = this.canvas;
    paint.setTransform(1, 0, 0, 1, 0, 0);
    paint.fillStyle = GROUND;
    paint.fillRect(0, 0, width, height);
    if (tiles.length === 0) return;
    const scale = Math.min(width / (right - left), height / (bottom - top));
    paint.setTransform(scale, 0, 0, scale, (width - scale * (left + right)) / 2, (height - scale * (top + bottom)) / 2);
    paint.filter = gain === 1 ? "none" : `brightness(${gain.toFixed(2)})`;
    for (const tile of tiles) {
      const image = this.#images.get(tile.url);
      if (image?.complete && image.naturalWidth > 0) paint.drawImage(image, tile.x, tile.y, tile.width, tile.height);
    }
    paint.filter = "none";
    for (const mark of marks) outline(paint, mark, scale);
    for (const mark of marks) if (mark.rank !== null && mark.rank <= this.#numbers) number(paint, mark, scale);
  }
}

function outline(paint, { corners_px: corners, overall, status }, scale) {
  paint.beginPath();
  corners.forEach(([x, y]) => paint.lineTo(x, y));
  paint.closePath();
  paint.fillStyle = scoreColour(status === "scored" ? overall : null);
  paint.globalCompositeOperation = "multiply";
  paint.fill();
  paint.globalCompositeOperation = "source-over";
  paint.lineWidth = 1.4 / scale;
  paint.strokeStyle = paint.fillStyle;
  paint.stroke();
}

function number(paint, { corners_px: corners, rank }, scale) {
  const x = corners.reduce((sum, corner) => sum + corner[0], 0) / 4;
  const y = corners.reduce((sum, corner) => sum + corner[1], 0) / 4;
  paint.font = `600 ${22 / scale}px Inter, sans-serif`;
  paint.textAlign = "center";
  paint.textBaseline = "middle";
  paint.lineJoin = "round";
  paint.lineWidth = 6 / scale;
  paint.strokeStyle = "rgb(0 0 0 / 85%)";
  paint.strokeText(String(rank), x, y);
  paint.fillStyle = "#fff";
  paint.fillText(String(rank), x, y);
}
