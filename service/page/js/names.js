/** What things are called on the page, when EPU or the operator gave them no name. */

import { text } from "./text.js";

const LONGEST = 160;

/** The operator's name of a grid, else its number. */
export function gridName(grid) {
  return shorten(grid.name?.trim() || text.session.grid(grid.sample));
}

/** The name of a session, else its folder. */
export function sessionName(session) {
  return shorten(session.name?.trim() || session.key);
}

/** Cut what nobody can read in one line; the whole stands in the REST answer. */
export function shorten(name, longest = LONGEST) {
  return name.length > longest ? `${name.slice(0, longest)}…` : name;
}
