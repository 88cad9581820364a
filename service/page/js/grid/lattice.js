/** The mesh as it was found: lines along the bars, as far as there are squares. */

/**
 * @param {object} atlas with `mesh_pitch_um`, `mesh_rotation_deg` and `pixel_nm`
 * @param {{center_x_px: number, center_y_px: number}[]} squares
 * @returns {[[number, number], [number, number]][]} ends of lines in atlas pixels; none while the mesh is unknown
 */
export function latticeLines(atlas, squares) {
  if (!atlas?.mesh_pitch_um || !atlas.pixel_nm || squares.length === 0) return [];
  const pitch = (1000 * atlas.mesh_pitch_um) / atlas.pixel_nm;
  const turn = ((atlas.mesh_rotation_deg ?? 0) * Math.PI) / 180;
  const along = [Math.cos(turn), Math.sin(turn)];
  const across = [-along[1], along[0]];
  const at = (axis) => squares.map((square) => square.center_x_px * axis[0] + square.center_y_px * axis[1]);
  return [...family(at(along), at(across), along, across, pitch), ...family(at(across), at(along), across, along, pitch)];
}

/** Lines along `axis`, each half a pitch beside the centres of a row of squares. */
function family(ends, centres, axis, normal, pitch) {
  const [from, to] = [Math.min(...ends) - pitch, Math.max(...ends) + pitch];
  const half = phase(centres, pitch) + pitch / 2;
  const first = Math.floor((Math.min(...centres) - half) / pitch);
  const last = Math.ceil((Math.max(...centres) - half) / pitch);
  const lines = [];
  for (let k = first; k <= last; k += 1) {
    const beside = half + k * pitch;
    lines.push([from, to].map((length) => [axis[0] * length + normal[0] * beside, axis[1] * length + normal[1] * beside]));
  }
  return lines;
}

/** Where rows of squares lie between two bars: the circular mean. */
function phase(centres, pitch) {
  const angles = centres.map((centre) => (2 * Math.PI * centre) / pitch);
  const sum = (part) => angles.reduce((total, angle) => total + part(angle), 0);
  return (Math.atan2(sum(Math.sin), sum(Math.cos)) * pitch) / (2 * Math.PI);
}
