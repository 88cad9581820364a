/** A short way through some squares: from the best one always to the nearest, then uncrossed. */

const PASSES = 30;

/**
 * @param {{stage_x_um: number, stage_y_um: number}[]} squares the first is where the way starts
 * @returns {{order: object[], length_mm: number}} by nearest neighbour and 2-opt
 */
export function travel(squares) {
  const order = nearestFirst(squares);
  for (let pass = 0; pass < PASSES && uncross(order); pass += 1);
  let length = 0;
  for (let k = 1; k < order.length; k += 1) length += distance(order[k - 1], order[k]);
  return { order, length_mm: length / 1000 };
}

function nearestFirst(squares) {
  const left = squares.slice(1);
  const order = squares.slice(0, 1);
  while (left.length > 0) {
    const from = order[order.length - 1];
    const nearest = left.reduce((best, square, k) => (distance(from, square) < distance(from, left[best]) ? k : best), 0);
    order.push(...left.splice(nearest, 1));
  }
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
