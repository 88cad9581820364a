/** How well two raters agree on the squares that both have graded. */

const LEAST = 2;
const GRADES = 4;

/**
 * @param {{square_id: string, author: string, overall: number|null}[]} labels of one grid
 * @returns {{squares: number, difference: number, kappa: number|null} | null} over all pairs of raters of a square: mean
 *   distance of their overall grades, and Cohen's kappa with quadratic weights (1 = the same, 0 = as by chance; null where
 *   chance alone would agree); null with fewer than two squares
 */
export function agreement(labels) {
  const bySquare = Map.groupBy(labels.filter((label) => label.overall !== null), (label) => label.square_id);
  const pairs = [...bySquare.values()].flatMap(pairsOf);
  const squares = [...bySquare.values()].filter((given) => given.length > 1).length;
  if (squares < LEAST) return null;
  const difference = mean(pairs.map(([a, b]) => Math.abs(a - b)));
  const [left, right] = [pairs.map(([a]) => a), pairs.map(([, b]) => b)];
  const seen = mean(pairs.map(([a, b]) => ((a - b) / GRADES) ** 2));
  const byChance = mean(left.flatMap((a) => right.map((b) => ((a - b) / GRADES) ** 2)));
  return { squares, difference, kappa: byChance === 0 ? null : 1 - seen / byChance };
}

/** Grades of each two raters of one square, raters in the order of their names. */
function pairsOf(labels) {
  const sorted = [...labels].sort((a, b) => (a.author < b.author ? -1 : 1));
  return sorted.flatMap((one, k) => sorted.slice(k + 1).map((other) => [one.overall, other.overall]));
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
