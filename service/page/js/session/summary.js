/** What the session view keeps of a grid's squares: small, and made again only when the grid's revision moves. */

import { filmGain } from "../gain.js";

const BINS = 16;

/** Severities from which the model names a defect. */
const CRACKED = 1;
const CONTAMINATED = 2;

/**
 * @returns {{revision, gain: number, bins: number[], brightness: number|null, marks: object[], tiles: object[]}} `bins` are the
 *   numbers of scored squares by overall score from 0 to 4, `marks` what the thumbnail draws.
 */
export function summarise(grid, squares, tiles, atlas) {
  const scored = squares.filter((square) => square.status === "scored");
  const bins = new Array(BINS).fill(0);
  for (const { overall } of scored) bins[Math.min(BINS - 1, Math.floor((overall / 4) * BINS))] += 1;
  return {
    revision: grid.revision,
    bins,
    gain: filmGain(atlas),
    brightness: median(scored.map((square) => square.brightness).filter((value) => value !== null)),
    cracked: share(scored, ({ cracking }) => cracking >= CRACKED),
    contaminated: share(scored, ({ contamination }) => contamination >= CONTAMINATED),
    marks: squares.map(({ corners_px, overall, status, rank }) => ({ corners_px, overall, status, rank })),
    tiles: tiles.filter(drawable).map(smallest),
  };
}

function share(squares, holds) {
  return squares.length === 0 ? null : squares.filter(holds).length / squares.length;
}

/** The middle value, or null of nothing. */
export function median(values) {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Whether a tile has a place in the atlas and pictures to show there. */
export function drawable(tile) {
  return tile.state === "placed" && tile.x_px !== null && tile.width_px !== null && tile.images.length > 0;
}

function smallest(tile) {
  const image = tile.images.reduce((a, b) => (b.width < a.width ? b : a));
  return { url: image.url, x: tile.x_px, y: tile.y_px, width: tile.width_px, height: tile.height_px };
}
