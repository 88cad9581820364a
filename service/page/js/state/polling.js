/** A loop that never overlaps itself: 2 s while the page is seen, 10 s while hidden, slower while the service is away. */

const SEEN_MS = 2_000;
const HIDDEN_MS = 10_000;
const AWAY_MS = 8_000;

/**
 * Call `work` again and again. It resolves when everything was read and rejects when the service failed.
 *
 * @param {() => Promise<void>} work
 * @param {(ok: boolean) => void} report called after each turn
 * @returns {() => void} start the next turn at once
 */
export function poll(work, report) {
  let timer = null;
  let running = false;
  let again = false;
  let failures = 0;

  async function turn() {
    clearTimeout(timer);
    if (running) {
      again = true;
      return;
    }
    running = true;
    again = false;
    try {
      await work();
      failures = 0;
    } catch (error) {
      failures += 1;
      if (!("status" in error)) console.error(error);
    }
    running = false;
    report(failures === 0);
    timer = setTimeout(turn, again ? 0 : pause());
  }

  function pause() {
    if (document.hidden) return HIDDEN_MS;
    return Math.min(SEEN_MS * 2 ** Math.max(0, failures - 1), AWAY_MS);
  }

  document.addEventListener("visibilitychange", () => document.hidden || turn());
  turn();
  return turn;
}
