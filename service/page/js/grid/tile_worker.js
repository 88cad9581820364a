/** Fetches, decodes and brightens pictures of tiles away from the page's own thread: six million pixels cost a frame or three. */

self.onmessage = async ({ data: { id, url, gain } }) => {
  try {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
    const bitmap = brighter(await createImageBitmap(await answer.blob()), gain);
    self.postMessage({ id, bitmap }, [bitmap]);
  } catch (error) {
    self.postMessage({ id, reason: String(error) });
  }
};

/** A picture added to itself until it is `gain` times as bright: unlike a filter, every browser knows how. */
function brighter(picture, gain) {
  if (gain === 1) return picture;
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  const paint = canvas.getContext("2d");
  paint.drawImage(picture, 0, 0);
  paint.globalCompositeOperation = "lighter";
  for (let more = gain - 1; more > 0; more -= 1) {
    paint.globalAlpha = Math.min(1, more);
    paint.drawImage(picture, 0, 0);
  }
  picture.close();
  return canvas.transferToImageBitmap();
}
