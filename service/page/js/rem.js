/** The page's own unit of length: larger on larger screens. */

/** @returns {number} pixels of one rem */
export function rem() {
  return parseFloat(getComputedStyle(document.documentElement).fontSize);
}
