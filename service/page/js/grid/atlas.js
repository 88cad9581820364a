/**
 * The atlas: every tile is its own small image pyramid at its place in the atlas, so that a new tile is added and
 * nothing is stitched or made again. World units of the viewer are thousands of atlas pixels.
 */

import { el, put } from "../dom.js";
import { filter } from "../gain.js";
import { drawable } from "../session/summary.js";
import { text } from "../text.js";
import { Overlay } from "./overlay.js";
import { TileSources } from "./tile_source.js";

const UNIT_PX = 1000;
const MARGIN = 0.03;
const KEPT_IMAGES = 48;
const CLOSE_UP = 5;
const GAIN_STEPS = 8;
const WAIT_MS = 600_000;

export class AtlasView {
  #viewer;
  #overlay;
  #placed = new Map();
  #squares = [];
  #sources = new TileSources();
  #touched = false;
  #fitted = false;
  #watcher;

  /** @param {{onPick: (id: string|null) => void, onHover: (id: string|null, x: number|null, y: number|null) => void, onView: (bounds: object) => void}} events */
  constructor(node, events) {
    withoutInlineStyle();
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#viewer = OpenSeadragon({
      element: node,
      drawer: "canvas",
      showNavigationControl: false,
      showNavigator: false,
      preserveViewport: true,
      animationTime: still ? 0 : 0.35,
      springStiffness: 9,
      visibilityRatio: 0.2,
      minZoomImageRatio: 0.5,
      maxZoomPixelRatio: 3,
      maxImageCacheCount: KEPT_IMAGES,
      imageLoaderLimit: 0, // the sources let one picture through at a time
      timeout: WAIT_MS,
      tileRetryMax: 1000, // an outage of more than an hour
      tileRetryDelay: 4000,
      gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true, scrollToZoom: true },
      gestureSettingsTouch: { clickToZoom: false, dblClickToZoom: true, pinchRotate: false, flickEnabled: true },
      gestureSettingsPen: { clickToZoom: false },
    });
    this.#viewer.innerTracker.keyHandler = null;
    this.#viewer.innerTracker.keyDownHandler = null;
    this.#viewer.canvas.removeAttribute("tabindex");
    this.#overlay = new Overlay();
    put(this.#viewer.canvas.parentNode, ...this.#viewer.canvas.parentNode.childNodes, this.#overlay.node);
    this.#viewer.addHandler("animation-start", () => this.#setMoving(true));
    this.#viewer.addHandler("animation-finish", () => { this.#setMoving(false); events.onView(this.#inView()); });
    this.#viewer.addHandler("update-viewport", () => this.#place());
    this.#viewer.addHandler("resize", () => this.#viewer.forceRedraw());
    this.#viewer.addHandler("canvas-click", (event) => event.quick && events.onPick(this.#squareAt(event.position)?.id ?? null));
    for (const name of ["canvas-drag", "canvas-scroll", "canvas-pinch", "canvas-double-click"]) {
      this.#viewer.addHandler(name, () => { this.#touched = true; });
    }
    this.#watcher = { move: (event) => this.#hover(event, events.onHover), leave: () => events.onHover(null, null, null) };
    node.addEventListener("pointermove", this.#watcher.move);
    node.addEventListener("pointerleave", this.#watcher.leave);
  }

  /** Add what is new, move what has moved, take away what is gone. */
  setTiles(tiles) {
    const wanted = new Map(tiles.filter(drawable).map((tile) => [`${tile.id} ${tile.images[0].url}`, tile]));
    for (const [key, placed] of this.#placed) {
      if (wanted.has(key)) continue;
      if (placed.image) this.#viewer.world.removeItem(placed.image);
      placed.gone = true;
      this.#placed.delete(key);
    }
    for (const [key, tile] of wanted) {
      const placed = this.#placed.get(key);
      if (placed === undefined) this.#add(key, tile);
      else this.#move(placed, tile);
    }
    this.#overlay.setTiles(tiles.filter((tile) => tile.x_px !== null && tile.width_px !== null));
    if (!this.#touched) this.fit();
  }

  setSquares(squares, faint) {
    this.#squares = squares;
    this.#overlay.setSquares(squares, faint);
  }

  setSelected(square) {
    this.#overlay.setSelected(square);
    if (square) this.#reveal(square);
  }

  setLattice(lines) {
    this.#overlay.setLattice(lines);
  }

  setPlan(order) {
    this.#overlay.setPlan(order);
  }

  setHovered(square) {
    this.#overlay.setHovered(square);
  }

  setLayers(layers) {
    this.#overlay.setLayers(layers);
  }

  /** What the operator has set is a filter on the whole canvas; the grid's own gain, in steps, is worked into each tile once. */
  setLight(gain, contrast) {
    this.#viewer.drawer.canvas.style.filter = filter(1, contrast);
    const step = Math.round(gain * GAIN_STEPS) / GAIN_STEPS;
    if (step === this.#sources.gain) return;
    this.#sources.gain = step;
    for (const { image } of this.#placed.values()) image?.reset();
  }

  /** Show the whole atlas as far as it has arrived. */
  fit(immediately = !this.#fitted) {
    const tiles = [...this.#placed.values()].map((placed) => placed.tile);
    if (tiles.length === 0) return;
    this.#fitted = true;
    const left = Math.min(...tiles.map((tile) => tile.x_px));
    const top = Math.min(...tiles.map((tile) => tile.y_px));
    const width = Math.max(...tiles.map((tile) => tile.x_px + tile.width_px)) - left;
    const height = Math.max(...tiles.map((tile) => tile.y_px + tile.height_px)) - top;
    const margin = MARGIN * Math.max(width, height);
    this.#fitBounds(left - margin, top - margin, width + 2 * margin, height + 2 * margin, immediately);
    this.#touched = false;
  }

  /** Bring one square close, with its neighbours around it. */
  zoomTo(square) {
    const side = CLOSE_UP * Math.max(square.width_px, square.height_px);
    this.#touched = true;
    this.#fitBounds(square.center_x_px - side / 2, square.center_y_px - side / 2, side, side, false);
  }

  zoomBy(factor) {
    this.#touched = true;
    this.#viewer.viewport.zoomBy(factor);
    this.#viewer.viewport.applyConstraints();
  }

  /** Move by a share of what is seen. */
  panBy(x, y) {
    this.#touched = true;
    const bounds = this.#viewer.viewport.getBounds();
    this.#viewer.viewport.panBy(new OpenSeadragon.Point(x * bounds.width, y * bounds.height));
    this.#viewer.viewport.applyConstraints();
  }

  close() {
    this.#sources.close();
    this.#viewer.destroy();
  }

  #add(key, tile) {
    const placed = { tile, image: null, gone: false };
    this.#placed.set(key, placed);
    this.#viewer.addTiledImage({
      tileSource: this.#sources.of(tile),
      x: tile.x_px / UNIT_PX,
      y: tile.y_px / UNIT_PX,
      width: tile.width_px / UNIT_PX,
      success: ({ item }) => {
        placed.image = item;
        if (placed.gone) this.#viewer.world.removeItem(item);
      },
    });
  }

  #move(placed, tile) {
    const { tile: before } = placed;
    placed.tile = tile;
    if (placed.image === null) return;
    if (before.x_px === tile.x_px && before.y_px === tile.y_px && before.width_px === tile.width_px) return;
    placed.image.setPosition(new OpenSeadragon.Point(tile.x_px / UNIT_PX, tile.y_px / UNIT_PX), true);
    placed.image.setWidth(tile.width_px / UNIT_PX, true);
  }

  #fitBounds(x, y, width, height, immediately) {
    const rect = new OpenSeadragon.Rect(x / UNIT_PX, y / UNIT_PX, width / UNIT_PX, height / UNIT_PX);
    this.#viewer.viewport.fitBounds(rect, immediately);
  }

  #setMoving(moving) {
    this.#sources.setMoving(moving);
    this.#overlay.setMoving(moving);
    this.#place();
  }

  #place() {
    const { viewport } = this.#viewer;
    const origin = viewport.pixelFromPoint(new OpenSeadragon.Point(0, 0), true);
    const scale = viewport.deltaPixelsFromPoints(new OpenSeadragon.Point(1 / UNIT_PX, 0), true).x;
    this.#overlay.place(origin.x, origin.y, scale, viewport.getContainerSize());
  }

  /** Keep a chosen square in sight without moving the atlas when it is. */
  #reveal(square) {
    const bounds = this.#viewer.viewport.getBounds();
    const [x, y] = [square.center_x_px / UNIT_PX, square.center_y_px / UNIT_PX];
    const inside = (at, from, length) => at > from + 0.06 * length && at < from + 0.94 * length;
    if (inside(x, bounds.x, bounds.width) && inside(y, bounds.y, bounds.height)) return;
    this.#viewer.viewport.panTo(new OpenSeadragon.Point(x, y));
  }

  /** The part of the atlas that is seen, in its pixels. */
  #inView() {
    const { x, y, width, height } = this.#viewer.viewport.getBounds();
    return { left: x * UNIT_PX, top: y * UNIT_PX, right: (x + width) * UNIT_PX, bottom: (y + height) * UNIT_PX };
  }

  #atlasPoint(pixel) {
    const point = this.#viewer.viewport.pointFromPixel(pixel, true);
    return [point.x * UNIT_PX, point.y * UNIT_PX];
  }

  #squareAt(pixel) {
    const [x, y] = this.#atlasPoint(pixel);
    return this.#squares.find((square) => contains(square.corners_px, x, y)) ?? null;
  }

  #hover(event, report) {
    const box = this.#viewer.element.getBoundingClientRect();
    const pixel = new OpenSeadragon.Point(event.clientX - box.left, event.clientY - box.top);
    const [x, y] = this.#atlasPoint(pixel);
    const square = this.#squareAt(pixel);
    this.#viewer.element.classList.toggle("over-square", square !== null);
    report(square?.id ?? null, x, y);
  }
}

/** Whether a point lies in a convex outline, whichever way round its corners run. */
export function contains(corners, x, y) {
  const sides = corners.map(([ax, ay], k) => {
    const [bx, by] = corners[(k + 1) % corners.length];
    return (bx - ax) * (y - ay) - (by - ay) * (x - ax);
  });
  return sides.every((side) => side >= 0) || sides.every((side) => side <= 0);
}

/** The viewer would add an inline <style> for its focus ring, which the content security policy forbids: it looks for one first. */
function withoutInlineStyle() {
  if (document.querySelector("style[data-openseadragon-mobile-css]")) return;
  const inert = document.createElementNS("urn:inert", "style");
  inert.setAttribute("data-openseadragon-mobile-css", "true");
  document.head.append(inert);
}

/** The element that the atlas fills. */
export function atlasElement() {
  return el("div", { class: "osd", role: "application", tabindex: "0", "aria-label": text.atlas.label });
}
