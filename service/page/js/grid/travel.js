/** The way through the squares to take: in which order, how far, and about how many minutes. */

const PASSES = 30;

/** What a grade is worth in stage travel, when both count. */
const GRADE_UM = 500;

/** The stage as it is reckoned with: its speed, and how long it settles after each move. */
export const STAGE = { um_per_s: 100, settle_s: 15 };

/** The squares to take as they stand: in the operator's own order, those without a place after it, best first. */
export function planned(squares) {
  const place = (square) => [square.position ?? Infinity, square.rank ?? Infinity];
  return squares
    .filter((square) => square.decision === "take" && !square.retired)
    .map((square) => [place(square), square])
    .sort(([[a, b]], [[c, d]]) => (a === c ? b - d : a - c))
    .map(([, square]) => square);
}

/** Three orders of the same squares: best first, the shortest way, and a way that prefers good squares nearby. */
export const ORDERS = {
  score: (squares) => [...squares].sort((a, b) => (b.overall ?? -1) - (a.overall ?? -1)),
  balanced: (squares) => chain(ORDERS.score(squares), (from, to) => distance(from, to) - GRADE_UM * (to.overall ?? 0)),
  shortest: (squares) => uncrossed(chain(ORDERS.score(squares), distance)),
};

/**
 * How far and how long.
 *
 * @param {{stage_x_um: number, stage_y_um: number}[]} order
 * @param {number} each minutes that one square takes
 * @returns {{length_mm: number, minutes: number, starts: number[]}} `starts` are the minutes at which squares begin
 */
export function reckon(order, each) {
  let [length_um, minutes] = [0, 0];
  const starts = order.map((square, k) => {
    const leg_um = k === 0 ? 0 : distance(order[k - 1], square);
    length_um += leg_um;
    minutes += (leg_um / STAGE.um_per_s + STAGE.settle_s) / 60;
    const start = minutes;
    minutes += each;
    return start;
  });
  return { length_mm: length_um / 1000, minutes, starts };
}

/** From the first on always to what costs least from there. */
function chain(squares, cost) {
  const left = squares.slice(1);
  const order = squares.slice(0, 1);
  while (left.length > 0) {
    const from = order[order.length - 1];
    const next = left.reduce((best, square, k) => (cost(from, square) < cost(from, left[best]) ? k : best), 0);
    order.push(...left.splice(next, 1));
  }
  return order;
}

/** The same way without crossings (2-opt); its first square stays. */
function uncrossed(order) {
  for (let pass = 0; pass < PASSES && uncross(order); pass += 1);
  return order;
}

function uncross(order) {
  let better = false;
  for (let i = 0; i < order.length - 2; i += 1) {
    for (let j = i + 2; j < order.length; j += 1) {
      const after = j + 1 < order.length ? order[j + 1] : null;
      const now = distance(order[i], order[i + 1]) + (after ? distance(order[j], after) : 0);
      const then = distance(order[i], order[j]) + (after ? distance(order[i + 1], after) : 0);
      if (then >= now - 1e-9) continue;
      order.splice(i + 1, j - i, ...order.slice(i + 1, j + 1).reverse());
      better = true;
    }
  }
  return better;
}

function distance(a, b) {
  return Math.hypot(a.stage_x_um - b.stage_x_um, a.stage_y_um - b.stage_y_um);
}
