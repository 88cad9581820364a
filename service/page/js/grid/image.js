/** The chosen square in large, with the model's attention maps laid over it. */

import { el, setText } from "../dom.js";
import { text } from "../text.js";

const COLOURS = { cracking: [255, 150, 70], contamination: [70, 200, 255] };
export const OVERLAYS = ["none", "cracking", "contamination", "both"];

export class SquareImage {
  #picture = el("img", { alt: text.panel.image, draggable: "false" });
  #maps = Object.fromEntries(Object.keys(COLOURS).map((name) => [name, el("canvas", { class: `map ${name}`, "aria-hidden": "true" })]));
  #shown = {};
  #next = new Image();
  #note = el("p", { class: "muted" });

  constructor() {
    this.node = el("figure", { class: "square-image" }, this.#picture, ...Object.values(this.#maps), this.#note);
    this.#picture.addEventListener("load", () => this.node.classList.remove("loading", "broken"));
    this.#picture.addEventListener("error", () => this.node.classList.add("broken"));
  }

  show(square, attention) {
    if (square.image_url !== this.#shown.image) {
      this.#shown.image = square.image_url;
      this.node.classList.remove("broken");
      delete this.#picture.dataset.failures;
      this.node.classList.toggle("loading", square.image_url !== null);
      this.node.classList.toggle("none", square.image_url === null);
      if (square.image_url === null) this.#picture.removeAttribute("src");
      else this.#picture.src = square.image_url;
      setText(this.#note, square.image_url === null ? text.panel.noImage : "");
    }
    for (const name of Object.keys(COLOURS)) this.#map(name, square, attention);
  }

  /** Fetch the picture of the square that probably comes next. */
  prepare(next) {
    if (next?.image_url) this.#next.src = next.image_url;
  }

  #map(name, square, { shown, opacity }) {
    const url = square[`attention_${name}_url`];
    const canvas = this.#maps[name];
    const visible = url !== null && url !== undefined && (shown === name || shown === "both");
    canvas.hidden = !visible;
    canvas.style.opacity = String(opacity);
    if (!visible || this.#shown[name] === url) return;
    this.#shown[name] = url;
    canvas.width = canvas.width;
    const image = new Image();
    image.onload = () => this.#shown[name] === url && paint(canvas, image, COLOURS[name]);
    image.onerror = () => { this.#shown[name] = null; };
    image.src = url;
  }
}

/** Grey becomes opacity: no attention leaves the square as it is. */
function paint(canvas, image, [red, green, blue]) {
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  const { data } = pixels;
  for (let k = 0; k < data.length; k += 4) {
    const attention = data[k];
    data[k] = red;
    data[k + 1] = green;
    data[k + 2] = blue;
    data[k + 3] = attention;
  }
  context.putImageData(pixels, 0, 0);
}

/** Switch and slider of the attention maps. */
export function attentionControls(store) {
  const set = (patch) => store.set({ attention: { ...store.state.attention, ...patch } });
  const buttons = OVERLAYS.map((name) => el("button", { type: "button", class: `choice ${name}`, title: text.panel.overlays[name], onclick: () => set({ shown: name }) }, text.panel.overlaysShort[name]));
  const opacity = el("input", { type: "range", min: "0.1", max: "1", step: "0.05", "aria-label": text.panel.opacity, title: text.panel.opacity, oninput: () => set({ opacity: Number(opacity.value) }) });
  const stop = store.watch(["attention"], ({ attention }) => {
    buttons.forEach((button, k) => button.setAttribute("aria-pressed", String(OVERLAYS[k] === attention.shown)));
    opacity.value = String(attention.opacity);
    opacity.disabled = attention.shown === "none";
  });
  const node = el("div", { class: "attention", role: "group", "aria-label": text.panel.overlay }, el("span", { class: "choices" }, ...buttons), opacity);
  return { node, stop };
}
