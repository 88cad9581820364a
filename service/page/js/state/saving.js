/** Everything that is saved goes through one queue, in the order of the keys pressed; a missing token holds it, no more. */

import { text } from "../text.js";

const UNAUTHORISED = 401;
const FORBIDDEN = 403;

export class Saver {
  #store;
  #jobs = [];
  #whenDone;
  #running = false;

  /** @param {() => void} whenDone called when nothing is left to save */
  constructor(store, whenDone) {
    this.#store = store;
    this.#whenDone = whenDone;
  }

  /** Run `job` after those before it. `undo` puts the page back when the service refuses. */
  save(job, undo = () => {}) {
    this.#jobs.push({ job, undo });
    this.#tell(this.#jobs.length);
    return this.#run();
  }

  /** Go on with what a missing token held up. */
  retry() {
    return this.#run();
  }

  /** Forget what a missing token holds up. */
  close() {
    this.#jobs.length = 0;
    this.#tell(0);
  }

  async #run() {
    if (this.#running || this.#jobs.length === 0) return;
    this.#running = true;
    try {
      while (this.#jobs.length > 0 && (await this.#next())) {
        this.#jobs.shift();
        this.#tell(this.#jobs.length);
      }
    } finally {
      this.#running = false;
    }
    if (this.#jobs.length === 0) this.#whenDone();
    else this.#tell(0);
  }

  /** How many saves the page is ahead of the service; what is held up for a token does not count. */
  #tell(pending) {
    this.#store.set({ saves: { pending } });
  }

  /** Whether the queue may go on. */
  async #next() {
    const { job, undo } = this.#jobs[0];
    try {
      await job();
      this.#store.set({ failure: null });
      return true;
    } catch (error) {
      if (!("status" in error)) throw error;
      if (error.status === UNAUTHORISED || error.status === FORBIDDEN) {
        this.#store.set({ needsToken: true });
        return false;
      }
      const reason = error.status === 0 ? text.failure.network : error.message || text.failure.http(error.status);
      this.#store.set({ failure: text.failure.save(reason) });
      undo();
      return true;
    }
  }
}

/** A name for a request, so that sending it twice saves it once. */
export function clientId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `page-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
