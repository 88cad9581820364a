/** Over the atlas: layer switches, contrast, zoom, the scale of colours, and the stage position under the cursor. */

import { scoreColour, USABLE } from "../colours.js";
import { el, put, setText, variable } from "../dom.js";
import { score, signed } from "../format.js";
import { text } from "../text.js";

/** Buttons and sliders on top of the atlas. @returns {{node: HTMLElement, stop: () => void}} */
export function tools(store, view) {
  const stops = [];
  const layer = (name, label, hint) => {
    const button = el("button", { type: "button", class: "layer", title: hint, onclick: () => toggleLayer(store, name) }, label);
    stops.push(store.watch(["layers"], ({ layers }) => button.setAttribute("aria-pressed", String(layers[name]))));
    return button;
  };
  const sliders = [slider(store, "brightness", "☀", text.atlas.brightness), slider(store, "contrast", "◐", text.atlas.contrast)];
  const node = el(
    "div",
    { class: "tools" },
    el("div", { class: "group" }, layer("outlines", text.atlas.outlines, null), layer("categories", text.atlas.categories, text.atlas.categoriesHint), layer("seams", text.atlas.seams, text.atlas.seamsHint), layer("plan", text.atlas.plan, text.atlas.planHint)),
    el("div", { class: "group sliders" }, ...sliders.map((one) => one.node)),
    el(
      "div",
      { class: "group" },
      press("−", text.atlas.zoomOut, () => view.zoomBy(1 / 1.4)),
      press("+", text.atlas.zoomIn, () => view.zoomBy(1.4)),
      press("⤢", text.atlas.fit, () => view.fit(false)),
    ),
  );
  return { node, stop: () => [...stops, ...sliders.map((one) => one.stop)].forEach((end) => end()) };
}

/** Switch one of the atlas' layers. */
export function toggleLayer(store, name) {
  const { layers } = store.state;
  store.set({ layers: { ...layers, [name]: !layers[name] } });
}

/** The scale of colours, and the line below the cursor. */
export function legend() {
  const steps = Array.from({ length: 33 }, (_, k) => k / 8);
  const strip = el("div", { class: "strip", "aria-hidden": "true" }, ...steps.map((at) => variable(el("i"), "--c", scoreColour(at))));
  const marks = el("div", { class: "marks", "aria-hidden": "true" }, ...[0, 1, 2, 3, 4].map((at) => el("span", {}, String(at))));
  variable(strip, "--usable", USABLE / 4);
  return el("figure", { class: "legend", title: text.atlas.legendUsable }, el("figcaption", {}, text.atlas.legend), strip, marks);
}

/** @returns {{node: HTMLElement, show: (point: [number, number]|null, stage: object|null, square: object|null) => void}} */
export function readout() {
  const place = el("span", { class: "place" });
  const note = el("span", { class: "muted" });
  return {
    node: el("output", { class: "readout" }, place, note),
    show(point, stage, square) {
      if (point === null) return put(place), put(note);
      if (stage === null) {
        setText(place, "");
        return setText(note, text.atlas.stageNone);
      }
      const [x, y] = stage.at(...point);
      setText(place, text.atlas.stage(signed(x), signed(y)));
      const under = square === null ? text.atlas.fitResidual(stage.residual_um.toFixed(1)) : `#${square.rank ?? text.none}  ${score(square.overall)}`;
      return setText(note, under);
    },
  };
}

function slider(store, name, sign, label) {
  const input = el("input", {
    type: "range",
    min: "0.4",
    max: "3",
    step: "0.05",
    "aria-label": label,
    title: label,
    oninput: () => store.set({ contrast: { ...store.state.contrast, [name]: Number(input.value) } }),
    ondblclick: () => store.set({ contrast: { ...store.state.contrast, [name]: 1 } }),
  });
  const stop = store.watch(["contrast"], ({ contrast }) => { input.value = String(contrast[name]); });
  return { node: el("label", { class: "slider" }, el("span", { "aria-hidden": "true" }, sign), input), stop };
}

function press(sign, label, onclick) {
  return el("button", { type: "button", title: label, "aria-label": label, onclick }, sign);
}
