/** Where the page is: `/` the cassette, `/grids/{id}` one grid, `?view=report` its printable page. */

/** @returns {{name: "session"|"grid", gridId: string|null, report: boolean}} */
export function placeOf(location) {
  const found = /^\/grids\/([^/]+)\/?$/.exec(location.pathname);
  if (found === null) return { name: "session", gridId: null, report: false };
  const report = new URLSearchParams(location.search).get("view") === "report";
  return { name: "grid", gridId: decodeURIComponent(found[1]), report };
}

/** The address of a grid's page. */
export function gridAddress(id, { report = false } = {}) {
  return `/grids/${encodeURIComponent(id)}${report ? "?view=report" : ""}`;
}

/** Follow links of this page without loading it again; `arrive(place)` is called for each new place. */
export function followLinks(arrive) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-inside]");
    if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    history.pushState(null, "", link.getAttribute("href"));
    arrive(placeOf(window.location));
  });
  window.addEventListener("popstate", () => arrive(placeOf(window.location)));
}
