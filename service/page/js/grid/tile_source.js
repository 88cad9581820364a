/** Tiles of the atlas as OpenSeadragon asks for them: each its own pyramid, whose pictures a worker makes ready. */

const WORKER = "/static/js/grid/tile_worker.js";

export class TileSources {
  #worker = new Worker(WORKER);
  #asked = new Map();
  #number = 0;
  #gain = 1;

  constructor() {
    this.#worker.onmessage = ({ data: { id, bitmap, reason } }) => {
      const job = this.#asked.get(id);
      this.#asked.delete(id);
      if (job === undefined) bitmap?.close();
      else if (bitmap) job.finish(bitmap, null, "imageBitmap");
      else job.fail(reason, null);
    };
  }

  get gain() {
    return this.#gain;
  }

  /** How much brighter pictures are shown than they are stored, from the next one on. */
  set gain(value) {
    this.#gain = value;
  }

  /** The source of one tile. */
  of(tile) {
    const source = new OpenSeadragon.LegacyTileSource(tile.images.map(({ url, width, height }) => ({ url, width, height })));
    source.downloadTileStart = (job) => this.#ask(job);
    source.downloadTileAbort = (job) => this.#asked.delete(job.userData.id);
    return source;
  }

  close() {
    this.#worker.terminate();
    this.#asked.clear();
  }

  #ask(job) {
    this.#number += 1;
    job.userData.id = this.#number;
    this.#asked.set(this.#number, job);
    this.#worker.postMessage({ id: this.#number, url: job.src, gain: this.#gain });
  }
}
