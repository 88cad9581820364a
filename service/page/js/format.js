/** Numbers, ages and lengths as an operator reads them. */

import { serviceNow } from "./api.js";
import { text } from "./text.js";

/** A score with one decimal, or a dash where none was measured. */
export function score(value) {
  return value === null || value === undefined ? text.none : value.toFixed(1);
}

/** A standard deviation behind its sign, or nothing. */
export function spread(value) {
  return value === null || value === undefined ? "" : `±${value.toFixed(1)}`;
}

/** Micrometres with a true minus sign. */
export function micrometres(value, digits = 1) {
  if (value === null || value === undefined) return text.none;
  return `${signed(value, digits)} µm`;
}

/** A fixed number of digits and a true minus sign. */
export function signed(value, digits = 1) {
  return value.toFixed(digits).replace("-", "−");
}

/** A share as whole percent. */
export function percent(share) {
  return `${Math.round(share * 100)} %`;
}

/** Seconds as the largest fitting unit. */
export function age(seconds) {
  if (seconds < 90) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} d`;
}

/** Seconds since an RFC 3339 time, or null. */
export function secondsSince(time, now = serviceNow()) {
  const then = Date.parse(time ?? "");
  return Number.isNaN(then) ? null : (now - then) / 1000;
}

/** Date and time in the reader's own zone. */
export function moment(time) {
  const then = Date.parse(time ?? "");
  if (Number.isNaN(then)) return text.none;
  return new Date(then).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
}
