/**
 * One sequential scale for scores and one second cue for each status.
 *
 * The scale follows viridis (hue from violet to yellow, lightness rising evenly), with its dark end lifted so
 * that outlines stand out from a dark image. Lightness alone orders it, so it reads in every kind of colour
 * vision and in grey print; the width of a line repeats the grade.
 */

/** sRGB of the scores 0, 1, 2, 3, 4. */
export const STOPS = [
  [122, 80, 190],
  [84, 142, 220],
  [36, 176, 166],
  [122, 210, 86],
  [253, 226, 64],
];

export const USABLE = 3;

/** Colour of an overall score 0-4 (4 = best), or a neutral grey without one. */
export function scoreColour(overall) {
  if (overall === null || overall === undefined) return "rgb(150 160 172)";
  const at = Math.min(Math.max(overall, 0), 4);
  const low = Math.min(Math.floor(at), 3);
  const mixed = STOPS[low].map((from, k) => Math.round(from + (STOPS[low + 1][k] - from) * (at - low)));
  return `rgb(${mixed.join(" ")})`;
}

/** How good an attribute's value is on the scale of scores: severities (0 = none) run the other way. */
export function goodness(attribute, value) {
  if (value === null || value === undefined) return null;
  return attribute === "cracking" || attribute === "contamination" ? 4 - value : value;
}

/** Width and dashes of a square's outline, in screen pixels. */
export function outline(square) {
  const dashes = { partial: "7 4", waiting: "1.5 4", failed: "1.5 4", out_of_domain: "8 3 2 3" };
  const dash = dashes[square.status] ?? null;
  if (square.status === "waiting" || square.status === "failed") return { width: 1.5, dash };
  if (square.overall >= USABLE) return { width: 2.8, dash };
  return { width: square.overall >= 1.5 ? 1.9 : 1.2, dash };
}

/** The sign drawn inside squares whose status is not simply "scored". */
export const STATUS_SIGN = { waiting: "…", partial: "◧", failed: "✕", out_of_domain: "?" };
