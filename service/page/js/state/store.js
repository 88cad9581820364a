/** One place for what the page knows. Listeners name the keys they draw and run once per turn. */

export class Store {
  #state;
  #listeners = new Set();
  #changed = new Set();

  constructor(initial) {
    this.#state = initial;
  }

  get state() {
    return this.#state;
  }

  /** Change some keys; listeners of those that really differ run before the next paint. */
  set(patch) {
    for (const [key, value] of Object.entries(patch)) {
      if (this.#state[key] === value) continue;
      this.#state = { ...this.#state, [key]: value };
      if (this.#changed.size === 0) queueMicrotask(() => this.#notify());
      this.#changed.add(key);
    }
  }

  /** Run `listener(state)` now and after every change of `keys`; gives a function that stops it. */
  watch(keys, listener) {
    const entry = { keys, listener };
    this.#listeners.add(entry);
    listener(this.#state);
    return () => this.#listeners.delete(entry);
  }

  #notify() {
    const changed = new Set(this.#changed);
    this.#changed.clear();
    for (const { keys, listener } of [...this.#listeners]) {
      if (keys.some((key) => changed.has(key))) listener(this.#state);
    }
  }
}

/** What the page starts with. */
export function initialState() {
  return {
    place: { name: "session", gridId: null, report: false },
    sessions: null,
    sessionId: null,
    grids: null,
    summaries: new Map(),
    ingesters: [],
    workers: [],
    files: [],
    jobs: [],
    heardAt: null,
    connection: { answeredAt: null, failures: 0 },
    grid: null,
    atlas: null,
    tiles: [],
    squares: [],
    selectedId: null,
    hoveredId: null,
    filters: { minimum: 0, status: "", decided: "", attribute: "", limit: 2, area: "" },
    layers: { outlines: true, categories: false, seams: false, plan: true },
    contrast: { brightness: 1, contrast: 1 },
    attention: { shown: "none", opacity: 0.6 },
    labels: [],
    decisions: [],
    mode: "ranked",
    bounds: null,
    drawer: null,
    shortcuts: true,
    missing: false,
    labelling: null,
    saves: { pending: 0 },
    needsToken: false,
    failure: null,
    said: null,
  };
}
