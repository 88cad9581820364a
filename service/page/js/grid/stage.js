/** Stage position of any atlas pixel: an affine map fitted to the squares' own pixel and stage positions. */

/**
 * Least squares fit of `stage = A * px + b`.
 *
 * @param {{center_x_px, center_y_px, stage_x_um, stage_y_um}[]} squares
 * @returns {{at: (x: number, y: number) => [number, number], residual_um: number} | null} null when fewer than three
 *   squares, or squares on one line, leave the map open. `residual_um` is the root mean square distance.
 */
export function fitStage(squares) {
  if (squares.length < 3) return null;
  const mean = (key) => squares.reduce((sum, square) => sum + square[key], 0) / squares.length;
  const [px, py, sx, sy] = ["center_x_px", "center_y_px", "stage_x_um", "stage_y_um"].map(mean);
  let [xx, xy, yy, xu, yu, xv, yv] = [0, 0, 0, 0, 0, 0, 0];
  for (const square of squares) {
    const [x, y] = [square.center_x_px - px, square.center_y_px - py];
    const [u, v] = [square.stage_x_um - sx, square.stage_y_um - sy];
    xx += x * x;
    xy += x * y;
    yy += y * y;
    xu += x * u;
    yu += y * u;
    xv += x * v;
    yv += y * v;
  }
  const determinant = xx * yy - xy * xy;
  if (!(determinant > 1e-9 * xx * yy)) return null;
  const solve = (a, b) => [(a * yy - b * xy) / determinant, (b * xx - a * xy) / determinant];
  const [[a, b], [c, d]] = [solve(xu, yu), solve(xv, yv)];
  const at = (x, y) => [sx + a * (x - px) + b * (y - py), sy + c * (x - px) + d * (y - py)];
  const squaredErrors = squares.map((square) => {
    const [u, v] = at(square.center_x_px, square.center_y_px);
    return (u - square.stage_x_um) ** 2 + (v - square.stage_y_um) ** 2;
  });
  return { at, residual_um: Math.sqrt(squaredErrors.reduce((sum, e) => sum + e, 0) / squares.length) };
}
