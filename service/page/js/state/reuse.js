/** Keep what has not changed: views compare rows by identity and redraw only new ones. */

/** `fresh`, with every item that equals the one of the same id in `known` replaced by that one. */
export function reuse(known, fresh) {
  if (known.length === 0) return fresh;
  const before = new Map(known.map((item) => [item.id, item]));
  return fresh.map((item) => {
    const old = before.get(item.id);
    return old !== undefined && JSON.stringify(old) === JSON.stringify(item) ? old : item;
  });
}
