/** Tiles of the atlas as OpenSeadragon asks for them: each its own pyramid, whose pictures a worker makes ready. */

const WORKER = "/static/js/grid/tile_worker.js";
/** Pictures of more pixels wait until the atlas stands still: to decode one takes the time of several frames. */
const LARGE_PX = 1_000_000;
const AT_ONCE = 4;

export class TileSources {
  #worker = new Worker(WORKER);
  #waiting = [];
  #asked = new Map();
  #number = 0;
  #moving = false;
  #gain = 1;

  constructor() {
    this.#worker.onmessage = ({ data: { id, bitmap, reason } }) => {
      const { job } = this.#asked.get(id);
      this.#asked.delete(id);
      if (job === null) bitmap?.close();
      else if (bitmap) job.finish(drawn(bitmap), null, "context2d");
      else job.fail(reason, null);
      this.#next();
    };
  }

  get gain() {
    return this.#gain;
  }

  /** How much brighter pictures are shown than they are stored, from the next one on. */
  set gain(value) {
    this.#gain = value;
  }

  /** Whether the atlas is on the move: it is shown from what is there and from small pictures meanwhile. */
  setMoving(moving) {
    this.#moving = moving;
    this.#next();
  }

  /** The source of one tile. */
  of(tile) {
    const images = tile.images.map(({ url, width, height }) => ({ url, width, height }));
    const large = new Set(images.filter(({ width, height }) => width * height > LARGE_PX).map(({ url }) => url));
    const source = new OpenSeadragon.LegacyTileSource(images);
    source.downloadTileStart = (job) => {
      this.#waiting.push({ job, large: large.has(job.src) });
      this.#next();
    };
    source.downloadTileAbort = (job) => this.#forget(job);
    return source;
  }

  close() {
    this.#worker.terminate();
    this.#waiting = [];
  }

  #forget(job) {
    this.#waiting = this.#waiting.filter((one) => one.job !== job);
    for (const one of this.#asked.values()) if (one.job === job) one.job = null;
  }

  /** Small pictures come first, some at once; then large ones, one at a time: what was asked for last is what is looked at. */
  #next() {
    while (this.#asked.size < AT_ONCE) {
      const small = this.#waiting.findIndex(({ large }) => !large);
      const still = !this.#moving && this.#asked.size === 0;
      const at = small >= 0 ? small : still ? this.#waiting.length - 1 : -1;
      if (at < 0) return;
      const [one] = this.#waiting.splice(at, 1);
      this.#number += 1;
      this.#asked.set(this.#number, one);
      this.#worker.postMessage({ id: this.#number, url: one.job.src, gain: this.#gain });
    }
  }
}

/** A bitmap as the viewer's canvas drawer takes it, which asks for nothing but `canvas`: to make it a copy costs frames. */
function drawn(bitmap) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  const paint = canvas.getContext("bitmaprenderer");
  paint.transferFromImageBitmap(bitmap);
  return paint;
}
