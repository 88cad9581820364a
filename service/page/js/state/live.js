/** What one turn of polling reads, and how it reaches the store. */

import { List, read, Resource } from "../api.js";
import { summarise } from "../session/summary.js";
import { reuse } from "./reuse.js";

const ACTIVITY_MS = 10_000;
const EVERYTHING_MS = 120_000;

/**
 * Reads the service for one store. A turn first asks for the number of the newest event; only when it has moved are the
 * lists asked for, with their ETags. Signs of life leave no event: they are read at their own pace.
 */
export class Live {
  #store;
  #newest = new Resource("/events?since=now&limit=1");
  #owed = true;
  #readAt = 0;
  #activityAt = 0;
  #sessions = new List("/sessions");
  #ingesters = new List("/ingesters");
  #workers = new List("/workers");
  #files = new List("/files?state=failed&state=waiting");
  #jobs = new List("/jobs?state=dead");
  #grids = null;
  #open = null;

  constructor(store) {
    this.#store = store;
  }

  /** Read what has changed of all that the present view shows. */
  async turn() {
    const news = await this.#newest.refresh();
    if (news || performance.now() - this.#readAt > EVERYTHING_MS) this.#owed = true;
    if (this.#owed) await this.#everything();
    else if (this.#store.state.drawer !== null || performance.now() - this.#activityAt > ACTIVITY_MS) await this.#activity();
  }

  /** The next turn reads everything, because the view is another one. */
  expect() {
    this.#owed = true;
  }

  /** Read the open grid anew, because the store has let go of it. */
  forget() {
    this.#open = null;
  }

  async #everything() {
    this.#owed = true;
    const { place } = this.#store.state;
    await Promise.all([this.#cassette(), this.#activity()]);
    const done = place.name === "grid" ? await this.#grid(place.gridId) : await this.#summaries();
    this.#owed = !done || place !== this.#store.state.place;
    this.#readAt = performance.now();
  }

  async #activity() {
    await Promise.all([this.#ingesters.refresh(), this.#workers.refresh(), this.#files.refresh(), this.#jobs.refresh()]);
    this.#store.set({
      ingesters: this.#ingesters.data,
      workers: this.#workers.data,
      files: this.#files.data,
      jobs: this.#jobs.data,
      heardAt: Date.now(),
    });
    this.#activityAt = performance.now();
  }

  async #cassette() {
    if (await this.#sessions.refresh()) this.#store.set({ sessions: this.#sessions.data });
    const { sessions, sessionId } = this.#store.state;
    const id = sessionId ?? newest(sessions)?.id ?? null;
    if (id === null) {
      this.#store.set({ grids: [] });
      return;
    }
    if (this.#grids?.id !== id) this.#grids = { id, list: new List(`/grids?session_id=${encodeURIComponent(id)}`) };
    await this.#grids.list.refresh();
    this.#store.set({ grids: this.#grids.list.data });
  }

  async #summaries() {
    for (const grid of this.#store.state.grids ?? []) {
      const { summaries, place } = this.#store.state;
      if (place.name !== "session") return false;
      if (summaries.get(grid.id)?.revision === grid.revision || grid.tiles_placed === 0) continue;
      const summary = await this.#summary(grid);
      this.#store.set({ summaries: new Map(this.#store.state.summaries).set(grid.id, summary) });
    }
    return true;
  }

  async #summary(grid) {
    const squares = new List(`/grids/${grid.id}/squares`);
    const tiles = grid.atlas_id === null ? null : new List(`/atlases/${grid.atlas_id}/tiles`);
    const atlas = grid.atlas_id === null ? null : read(`/atlases/${grid.atlas_id}`);
    await Promise.all([squares.refresh(), tiles?.refresh(), atlas]);
    return summarise(grid, squares.data, tiles?.data ?? [], await atlas);
  }

  async #grid(id) {
    if (this.#open?.id !== id) this.#open = openGrid(id);
    const open = this.#open;
    const before = this.#store.state.saves;
    await open.grid.refresh();
    const grid = open.grid.data;
    if (open.atlasId !== grid.atlas_id) Object.assign(open, openAtlas(grid.atlas_id));
    const [squares, labels, decisions, tiles] = await Promise.all([
      open.squares.refresh(),
      open.labels.refresh(),
      open.decisions.refresh(),
      open.tiles?.refresh(),
      this.#atlas(open, grid),
    ]);
    const { state } = this.#store;
    if (state.place.gridId !== id) return false;
    this.#store.set({ missing: false, grid, sessionId: grid.session_id });
    if (!same(state.atlas, open.atlas)) this.#store.set({ atlas: open.atlas });
    if (tiles || open.fresh) this.#store.set({ tiles: reuse(state.tiles, open.tiles?.data ?? []) });
    if (state.saves !== before || before.pending > 0) {
      open.fresh = true; // what was just typed is newer than what was read
      return false;
    }
    if (squares || open.fresh) this.#store.set({ squares: reuse(state.squares, open.squares.data) });
    if (labels || open.fresh) this.#store.set({ labels: open.labels.data });
    if (decisions || open.fresh) this.#store.set({ decisions: open.decisions.data });
    open.fresh = false;
    return true;
  }

  async #atlas(open, grid) {
    if (grid.atlas_id === null || open.atlasRevision === grid.revision) return;
    open.atlas = await read(`/atlases/${grid.atlas_id}`);
    open.atlasRevision = grid.revision;
  }
}

function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** The session that was touched last. */
function newest(sessions) {
  const touched = (session) => Date.parse(session.updated_at ?? session.started_at ?? "") || 0;
  return [...sessions].sort((a, b) => touched(b) - touched(a))[0];
}

function openGrid(id) {
  return {
    id,
    fresh: true,
    grid: new Resource(`/grids/${id}`),
    squares: new List(`/grids/${id}/squares?sort=-overall`),
    labels: new List(`/labels?grid_id=${id}`),
    decisions: new List(`/grids/${id}/decisions`),
    atlasId: null,
    tiles: null,
    atlas: null,
    atlasRevision: null,
  };
}

function openAtlas(id) {
  return { fresh: true, atlasId: id, tiles: id === null ? null : new List(`/atlases/${id}/tiles`), atlas: null, atlasRevision: null };
}
