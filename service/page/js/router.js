/** Where the page is: `/` and `/sessions/{id}` a cassette, `/grids/{id}` one grid, `?view=report` its printable page. */

/** @returns {{name: "session"|"grid", sessionId: string|null, gridId: string|null, report: boolean}} */
export function placeOf(location) {
  const [, kind, id] = /^\/(grids|sessions)\/([^/]+)\/?$/.exec(location.pathname) ?? [];
  const decoded = id === undefined ? null : decodeURIComponent(id);
  if (kind !== "grids") return { name: "session", sessionId: decoded, gridId: null, report: false };
  const report = new URLSearchParams(location.search).get("view") === "report";
  return { name: "grid", sessionId: null, gridId: decoded, report };
}

/** The address of a session's cassette. */
export function sessionAddress(id) {
  return `/sessions/${encodeURIComponent(id)}`;
}

/** The address of a grid's page. */
export function gridAddress(id, { report = false } = {}) {
  return `/grids/${encodeURIComponent(id)}${report ? "?view=report" : ""}`;
}

/** Go to an address of this page. */
export function goTo(address) {
  history.pushState(null, "", address);
  window.dispatchEvent(new PopStateEvent("popstate"));
}

/** Follow links of this page without loading it again; `arrive(place)` is called for each new place. */
export function followLinks(arrive) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-inside]");
    if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    goTo(link.getAttribute("href"));
  });
  window.addEventListener("popstate", () => arrive(placeOf(window.location)));
}
