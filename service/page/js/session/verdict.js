/**
 * A grid's verdict in one line, from counts alone, as early as the evidence allows and no earlier.
 *
 * The share of usable squares comes with its 95 % Wilson interval: "promising" means that even its lower end is a
 * quarter, "nothing" that not one usable square was seen among enough of them.
 */

import { text } from "../text.js";

const ENOUGH = 12;
const PROMISING_SHARE = 0.25;
const FEW_SHARE = 0.1;
const DARK = 1.5;

/** @returns {{kind: string, words: string}} `kind` is one of idle, early, good, mixed, poor. */
export function verdict(grid, brightness = null) {
  const { squares_scored: scored, squares_usable: usable, tiles_placed: tiles } = grid;
  if (tiles === 0) {
    const words = grid.state === "idle" ? text.verdict.idle : text.verdict.noTiles;
    return { kind: "idle", words };
  }
  if (grid.squares === 0) return { kind: "early", words: text.verdict.noSquares(tiles) };
  if (scored === 0) return { kind: "early", words: text.verdict.notScored(grid.squares) };
  if (scored < ENOUGH && !finished(grid)) return { kind: "early", words: text.verdict.early(usable, scored) };
  if (usable === 0) {
    const words = finished(grid) ? text.verdict.nothing(scored) : text.verdict.nothingYet(scored, tiles);
    return { kind: "poor", words };
  }
  const [low, high] = wilson(usable, scored);
  if (low >= PROMISING_SHARE) return { kind: "good", words: text.verdict.promising(usable, scored) };
  if (high < PROMISING_SHARE && brightness !== null && brightness < DARK) {
    return { kind: "poor", words: text.verdict.thick(usable, scored) };
  }
  if (high < PROMISING_SHARE || usable / scored < FEW_SHARE) {
    return { kind: "mixed", words: text.verdict.few(usable, scored) };
  }
  return { kind: "mixed", words: text.verdict.mixed(usable, scored) };
}

/** The 95 % Wilson score interval of a share. */
export function wilson(hits, trials) {
  const z = 1.96;
  const share = hits / trials;
  const middle = share + (z * z) / (2 * trials);
  const half = z * Math.sqrt((share * (1 - share)) / trials + (z * z) / (4 * trials * trials));
  const scale = 1 + (z * z) / trials;
  return [Math.max(0, (middle - half) / scale), Math.min(1, (middle + half) / scale)];
}

/** Most promising first: usable squares, then the best ones, then where EPU is. */
export function byPromise(a, b) {
  const worth = (grid) => [grid.squares_usable, grid.median_overall ?? -1, grid.best_overall ?? -1, grid.tiles_placed];
  const [left, right] = [worth(a), worth(b)];
  const differing = left.findIndex((value, k) => value !== right[k]);
  return differing < 0 ? a.sample - b.sample : right[differing] - left[differing];
}

/** Whether all tiles are in: EPU's own word for the slot can be older than this atlas. */
function finished({ state, tiles_planned: planned, tiles_placed: placed, tiles_failed: failed }) {
  return state === "acquired" && planned !== null && placed + failed >= planned;
}
