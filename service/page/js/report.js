/** Placeholder until the printable page stands. */

export function openReport() {
  return () => {};
}
