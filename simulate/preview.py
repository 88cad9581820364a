"""EPU's 8-bit previews: each tile stretched on its own, and the loss when only they are left."""

from dataclasses import dataclass

import cv2
import numpy as np

from simulate.fields import FloatImage

_EMPTY, _TORN = 0.6, 0.02
"""From this share of missing film on a square is empty, is torn."""

_ALONE = 0.4
"""How often it is the only one of its tile."""

_PLAIN_KEPT = 0.8
"""How far below what a film with holes asks for the stretch of one without may end."""

_TORN_KEPT, _WHOLE_KEPT = 0.85, 0.6
"""Part of its own brightness at which a square of a dark tile may end up white, at least."""


@dataclass(frozen=True)
class TileLevels:
    """Grey levels of a grid's film and of nothing in the beam; a square's missing film, 0-1.

    `holes` says whether the film has any, which are brighter than its mean.
    """

    film: float
    vacuum: float
    missing: float
    holes: bool = True


@dataclass(frozen=True)
class Stretch:
    """How a tile was turned into 8 bits: grey levels `low` to `high`, `floor` what `low` became."""

    low: float
    high: float
    floor: int
    quality: int


def through_preview(image: FloatImage, stretch: Stretch, *, reduction: float) -> FloatImage:
    """Send an image through a preview and back to its own size and grey levels.

    The way back knows only the tile's mean dose, so that bars keep the floor's grey.

    Args:
        image: float32 (height, width), grey levels.
        stretch: What is brighter than its `high` is clipped.
        reduction: Preview pixel over image pixel.

    Returns:
        float32 (height, width): grey levels as far as the preview kept them.
    """
    height, width = image.shape
    size = (max(round(width / reduction), 8), max(round(height / reduction), 8))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    step = (stretch.high - stretch.low) / (255 - stretch.floor)
    grey = np.clip((small - stretch.low) / step + stretch.floor, 0, 255).astype(np.uint8)
    done, coded = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, stretch.quality])
    if done:
        grey = np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)
    back = cv2.resize(grey.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.maximum(back, 0) * np.float32(stretch.high / 255), dtype=np.float32)


def draw_stretch(rng: np.random.Generator, image: FloatImage, tile: TileLevels) -> Stretch:
    """Draw how EPU stretched the tile that a square lies on.

    Most tiles show film and are stretched to its brightest holes, or to itself where it has none; a
    tile with much vacuum keeps that too, one with a single empty square leaves it flat and white,
    at about the film's grey, and one with a single tear leaves that hardly brighter than film; a
    dark tile is stretched to one of its squares' own level, or below, and then whole film is flat
    and white too.

    Args:
        rng: Source of randomness.
        image: float32 (height, width), the square's grey levels.
        tile: What else there is.
    """
    kind = rng.random()
    own = float(np.percentile(cv2.blur(image[::2, ::2], (3, 3)), 95))
    low = float(np.percentile(image, 5)) * float(rng.uniform(0, 1))
    film = tile.film
    if tile.missing > _TORN and rng.random() < _ALONE:
        least = 0.8 if tile.missing > _EMPTY else 1.05
        high = film * float(rng.uniform(least, 1.25))
    elif kind < 0.6:
        high = max(film * float(rng.uniform(1.02, 1.3)), own * float(rng.uniform(0.98, 1.05)))
        if not tile.holes and tile.missing <= _TORN:
            high *= float(rng.uniform(_PLAIN_KEPT, 1))
    elif kind < 0.85:
        high = tile.vacuum * float(rng.uniform(0.95, 1.1))
    else:
        least = _TORN_KEPT if tile.missing > _TORN else _WHOLE_KEPT
        high = own * float(rng.uniform(least, 1.1))
    return Stretch(
        low=low,
        high=max(high, low * 1.5, film * 0.004),
        floor=int(rng.integers(0, 12)),
        quality=int(rng.integers(70, 98)),
    )
