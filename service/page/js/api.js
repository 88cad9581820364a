/** The REST answers of this page's own service: conditional reads, writes with a token when one is asked for. */

const ROOT = "/api/v1";
const TOKEN_KEY = "xcryonet.token";
const TIMEOUT_MS = 15_000;
const PAGE_SIZE = 500;

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
    return answer.json();
  }
}

/** A polled list: `data` is the array of all items, however many pages the service makes of them. */
export class List extends Resource {
  constructor(path) {
    super(`${path}${path.includes("?") ? "&" : "?"}limit=${PAGE_SIZE}`);
  }

  async read(answer) {
    const { items, total } = await answer.json();
    while (items.length < total) {
      const page = await (await request(`${this.path}&offset=${items.length}`)).json();
      if (page.items.length === 0) break;
      items.push(...page.items);
    }
    return items;
  }
}

/** Read once, unconditionally. */
export async function read(path) {
  return (await request(path)).json();
}

/** Send JSON and give the JSON answer, or null for an empty one. */
export async function send(method, path, body) {
  const headers = { "Content-Type": "application/json" };
  const answer = await request(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const answered = await answer.text();
  return answered === "" ? null : JSON.parse(answered);
}

/** Remember the service's token until this tab is closed. */
export function useToken(token) {
  sessionStorage.setItem(TOKEN_KEY, token);
}

/** Where an answer lives, for links and images. */
export function address(path) {
  return `${ROOT}${path}`;
}

async function request(path, { method = "GET", headers = {}, body } = {}) {
  const token = sessionStorage.getItem(TOKEN_KEY);
  const sent = token === null ? headers : { ...headers, Authorization: `Bearer ${token}` };
  let answer;
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    answer = await fetch(ROOT + path, { method, headers: sent, body, cache: "no-store", signal });
  } catch {
    throw new ApiError(0, "");
  }
  if (answer.ok || answer.status === 304) return answer;
  throw new ApiError(answer.status, await reason(answer));
}

async function reason(answer) {
  const body = await answer.text();
  try {
    const { detail, title } = JSON.parse(body);
    return typeof detail === "string" ? detail : JSON.stringify(detail ?? title ?? body);
  } catch {
    return body.slice(0, 200);
  }
}
