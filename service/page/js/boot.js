/* Starts the page; when a part of it could not be fetched (a network that changes, a service that restarts), tries again. */

"use strict";

(() => {
  const PAUSE_MS = 2000;
  const again = () => setTimeout(() => window.location.reload(), PAUSE_MS);
  if (window.OpenSeadragon === undefined) again();
  else import("/static/js/main.js").catch((error) => {
    console.warn(error);
    again();
  });
})();
