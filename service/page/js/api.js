/** The REST answers of this page's own service: conditional reads, and writes; a token, once given, travels as a cookie. */

const ROOT = "/api/v1";
const TIMEOUT_MS = 15_000;
const PAGE_SIZE = 500;
const NO_CONTENT = 204;

let ahead = 0;

/** The service's clock, milliseconds: the two machines need not agree on the time. */
export function serviceNow() {
  return Date.now() + ahead;
}

/** An answer that is not a success; `status` 0 means that no answer came. */
export class ApiError extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** A polled answer. `refresh()` says whether `data` is new; an unchanged one costs the service a 304. */
export class Resource {
  constructor(path) {
    this.path = path;
    this.etag = null;
    this.data = null;
  }

  async refresh() {
    const headers = this.etag === null ? {} : { "If-None-Match": this.etag };
    const answer = await request(this.path, { headers });
    if (answer.status === 304) return false;
    this.data = await this.read(answer);
    this.etag = answer.headers.get("ETag");
    return true;
  }

  async read(answer) {
    return body(answer);
  }
}

/** A polled list: `data` is the array of all items, however many pages the service makes of them. */
export class List extends Resource {
  constructor(path) {
    super(`${path}${path.includes("?") ? "&" : "?"}limit=${PAGE_SIZE}`);
  }

  async read(answer) {
    const { items, total } = await body(answer);
    while (items.length < total) {
      const page = await body(await request(`${this.path}&offset=${items.length}`));
      if (page.items.length === 0) break;
      items.push(...page.items);
    }
    return items;
  }
}

/** Read once, unconditionally. */
export async function read(path) {
  return body(await request(path));
}

/** Send JSON and give the JSON answer, or null for an empty one. */
export async function send(method, path, content) {
  const headers = { "Content-Type": "application/json" };
  const answer = await request(path, { method, headers, body: content === undefined ? undefined : JSON.stringify(content) });
  return answer.status === NO_CONTENT ? null : body(answer);
}

/** Give the service its token; it hands back a cookie that no script can read, and pictures can be asked for as well. */
export async function logIn(token) {
  await send("POST", "/login", { token });
}

/** Where an answer lives, for links and images. */
export function address(path) {
  return `${ROOT}${path}`;
}

async function request(path, { method = "GET", headers = {}, body: content } = {}) {
  let answer;
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    answer = await fetch(ROOT + path, { method, headers, body: content, cache: "no-store", signal });
  } catch {
    throw new ApiError(0, "");
  }
  const sent = Date.parse(answer.headers.get("Date") ?? "");
  if (!Number.isNaN(sent)) ahead = sent - Date.now();
  if (answer.ok || answer.status === 304) return answer;
  throw new ApiError(answer.status, await reason(answer));
}

/** The JSON of an answer; one that breaks off is no answer. */
async function body(answer) {
  try {
    return await answer.json();
  } catch {
    throw new ApiError(0, "");
  }
}

/** Why the service refused, in its own words where it found any. */
async function reason(answer) {
  try {
    const { detail } = await answer.json();
    return typeof detail === "string" ? detail : "";
  } catch {
    return "";
  }
}
