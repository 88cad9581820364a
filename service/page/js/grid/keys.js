/** The keyboard of the grid view. Fields keep their own keys; single-key shortcuts can be switched off. */

import { OVERLAYS } from "./image.js";
import { toggleLayer } from "./tools.js";

const FIELDS = "input, select, textarea";
const ATTRIBUTE_KEYS = { o: "overall", b: "brightness", q: "squareness", c: "cracking", n: "contamination" };
const PAGE = 8;

/** Listen until the returned function is called. */
export function listen({ store, atlas, review, labelling, step, select, chosenSquare }) {
  const nudge = (by) => {
    const { attention } = store.state;
    store.set({ attention: { ...attention, opacity: Math.min(1, Math.max(0.1, attention.opacity + by)) } });
  };
  const nextOverlay = () => {
    const { attention } = store.state;
    store.set({ attention: { ...attention, shown: OVERLAYS[(OVERLAYS.indexOf(attention.shown) + 1) % OVERLAYS.length] } });
  };
  const withChosen = (act) => () => {
    const square = chosenSquare();
    if (square) act(square);
  };
  const decide = (kind) => withChosen((square) => review.decide(square, square.decision === kind ? null : kind));
  const always = {
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    PageDown: () => step(PAGE),
    PageUp: () => step(-PAGE),
    Home: () => step(-Infinity),
    End: () => step(Infinity),
    Enter: withChosen((square) => atlas.zoomTo(square)),
    Escape: () => (store.state.drawer === null ? select(null) : store.set({ drawer: null })),
  };
  const pan = {
    ArrowDown: () => atlas.panBy(0, 0.2),
    ArrowUp: () => atlas.panBy(0, -0.2),
    ArrowLeft: () => atlas.panBy(-0.2, 0),
    ArrowRight: () => atlas.panBy(0.2, 0),
  };
  const inPlan = {
    ArrowDown: withChosen((square) => review.move(square, 1)),
    ArrowUp: withChosen((square) => review.move(square, -1)),
  };
  const single = {
    f: () => atlas.fit(false),
    "+": () => atlas.zoomBy(1.4),
    "=": () => atlas.zoomBy(1.4),
    "-": () => atlas.zoomBy(1 / 1.4),
    t: decide("take"),
    s: decide("skip"),
    u: () => review.undo(),
    p: () => store.set({ mode: store.state.mode === "plan" ? "ranked" : "plan" }),
    a: nextOverlay,
    "[": () => nudge(-0.1),
    "]": () => nudge(0.1),
    e: () => toggleLayer(store, "categories"),
    g: () => toggleLayer(store, "seams"),
    "?": () => store.set({ drawer: store.state.drawer === "keys" ? null : "keys" }),
  };
  for (const [key, name] of Object.entries(ATTRIBUTE_KEYS)) single[key] = () => labelling.set({ active: name });
  for (const value of [0, 1, 2, 3, 4]) single[String(value)] = () => labelling.grade(value);

  const onKey = (event) => {
    if (event.ctrlKey || event.metaKey) return;
    if (event.altKey && !(event.key in inPlan)) return;
    if (event.target.matches?.(FIELDS)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const onButton = event.target.matches?.("button, a, summary");
    if (onButton && (event.key === "Enter" || event.key === " ")) return;
    const act = (event.altKey && inPlan[event.key]) || (event.shiftKey && pan[event.key]) || always[event.key] || (store.state.shortcuts && single[event.key.toLowerCase()]);
    if (!act) return;
    event.preventDefault();
    act();
  };
  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}
