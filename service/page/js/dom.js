/**
 * Elements from data. Every string becomes a text node or an attribute, never markup, so that a hostile
 * grid or file name is shown and not run.
 */

const SVG = "http://www.w3.org/2000/svg";

/** Make an HTML element; `on*` keys are listeners, `class`, `aria-*`, `data-*` and the rest attributes. */
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** Make an SVG element, with the same rules as `el`. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** Put a CSS custom property on an element (allowed by the content security policy, unlike style=""). */
export function variable(node, name, value) {
  node.style.setProperty(name, String(value));
  return node;
}

/** Replace an element's children. */
export function put(node, ...children) {
  node.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

/** Set a node's text only when it differs, so that selections and screen readers stay undisturbed. */
export function setText(node, value) {
  if (node.textContent !== value) node.textContent = value;
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, String(value));
  }
  put(node, ...children);
  return node;
}
