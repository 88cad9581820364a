/** Pictures that could not be fetched are asked for again, a few times, ever more slowly. */

const TRIES = 6;
const PAUSE_MS = 1500;

/** Watch all pictures inside `node`. */
export function retryPictures(node) {
  node.addEventListener("error", (event) => event.target instanceof HTMLImageElement && retry(event.target), true);
}

function retry(image) {
  const failures = Number(image.dataset.failures ?? 0) + 1;
  const { src } = image;
  image.dataset.failures = String(failures);
  if (failures > TRIES) return;
  setTimeout(() => {
    if (!image.isConnected || image.src !== src) return;
    image.removeAttribute("src");
    image.src = src;
  }, PAUSE_MS * failures);
}
