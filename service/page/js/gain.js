/**
 * How much brighter pictures are shown than they are stored, so that intact film looks alike on every grid.
 *
 * Stored grey is square-root coded: value = 255 * sqrt(grey / full scale).
 */

const FILM_SHOWN = 0.78;
const MOST = 4;

/** @returns {number} a factor on stored values that puts the film level at 78 % of white; 1 while it is unknown */
export function filmGain(atlas) {
  const { film_level: film, full_scale: full } = atlas ?? {};
  if (!film || !full) return 1;
  return Math.min(MOST, Math.max(1, FILM_SHOWN / Math.sqrt(film / full)));
}

/** A CSS filter: the grid's own gain, and what the operator has set. */
export function filter(gain, { brightness, contrast }) {
  const bright = gain * brightness;
  return bright === 1 && contrast === 1 ? "none" : `brightness(${bright.toFixed(3)}) contrast(${contrast})`;
}
