/** Starts the page: one store, one polling loop, one view at a time. */

import { drawActivity } from "./activity.js";
import { drawBar } from "./bar.js";
import { put } from "./dom.js";
import { openGridView } from "./grid/view.js";
import { drawNotices } from "./notices.js";
import { openReport } from "./report.js";
import { followLinks, placeOf } from "./router.js";
import { openSessionView } from "./session/view.js";
import { Live } from "./state/live.js";
import { poll } from "./state/polling.js";
import { initialState, Store } from "./state/store.js";

const here = placeOf(window.location);
const store = new Store({ ...initialState(), place: here, sessionId: here.sessionId });
const live = new Live(store);
const view = document.getElementById("view");
let close = () => {};

const turn = poll(() => live.turn().catch(missing), remember);
const page = { store, turn };

drawNotices(document.getElementById("notices"), document.getElementById("announce"), page);
drawBar(document.getElementById("bar"), page);
drawActivity(document.getElementById("drawer"), page);
followLinks(arrive);
open(store.state.place);

function arrive(place) {
  const fresh = { grid: null, atlas: null, tiles: [], squares: [], labels: [], decisions: [], mode: "ranked", selectedId: null, hoveredId: null };
  const same = place.gridId === store.state.place.gridId;
  store.set(same ? { place } : { place, ...fresh, missing: false });
  if (!same) live.forget();
  if (place.sessionId) store.set({ sessionId: place.sessionId });
  live.expect();
  open(place);
  turn();
}

function open(place) {
  close();
  put(view);
  const opener = place.name === "session" ? openSessionView : place.report ? openReport : openGridView;
  document.body.dataset.place = place.report ? "report" : place.name;
  close = opener(view, page);
}

function missing(error) {
  if (error.status === 401) store.set({ needsToken: true });
  if (error.status !== 404 || store.state.place.name !== "grid") throw error;
  store.set({ missing: true });
}

function remember(ok) {
  const { connection } = store.state;
  const answeredAt = ok ? Date.now() : connection.answeredAt;
  store.set({ connection: { answeredAt, failures: ok ? 0 : connection.failures + 1 } });
}
