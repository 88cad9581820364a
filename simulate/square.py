"""One grid square: opening, film, ice, tears and dirt put together, with the truth about it."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from simulate.contamination import Dirt, soil
from simulate.fields import FloatImage, smooth_field
from simulate.film import Foil, hole_cover
from simulate.ice import Ice, IceMap, freeze
from simulate.mesh import Mesh, Opening, open_square
from simulate.rubric import Condition, Severities, judge
from simulate.sheets import Tear
from simulate.tears import TearKind, tear_film

CRACK_BIT = 1
DIRT_BIT = 2
_HELD_UM = 1.5
"""Dirt this near to the metal stays where the film is gone."""

_ICE_HOLDS = 0.7
"""How often thick ice stays where the film under it is torn."""

_ICE_THINNED = (0.0, 0.0, 0.1, 0.25, 0.5)
"""Else what part of its depth may still cover the tear, one of these."""

_OPAQUE_ICE = 0.9
"""Ice of this much more optical depth than a square's thinnest (40 % transmits) ends the window."""

_DIM, _FAINT = 2.4, 3.6
"""Up to the first depth more than bare film dirt is seen well, from the second on by nobody: nine
tenths of the light are lost, then all that eight bits keep.
"""

_PALE, _DARK = 0.04, 0.15
"""Dirt of the first optical depth begins to count as an artefact, of the second counts fully."""

_OUTLINE_UM = 3.0
"""Dirt counts the less the nearer it lies to the window's edge, fully from here on: a clump on a
bar reads as the bar's outline, and few holes are taken next to it.
"""

MARKED = 0.25
"""From this weight on dirt is in the mask."""


@dataclass(frozen=True)
class SquareRecipe:
    """What one square is made of."""

    column: int
    row: int
    ice: Ice
    dirt: Dirt
    tear: TearKind
    second_tear: TearKind


@dataclass(frozen=True)
class Square:
    """One rendered square in its own upright frame, one mesh cell wide, and its truth.

    `transmission` float32 (n, n), 0-1, bars 0; `clean` the same without its dirt; `dirt` float32
    (n, n), 0-1, how far each place counts as under an artefact; `mask` uint8 (n, n), bit 1 film
    missing, bit 2 dirt; `size_um` width and height of the opening.
    """

    recipe: SquareRecipe
    pixel_um: float
    transmission: FloatImage
    clean: FloatImage
    dirt: FloatImage
    counts: FloatImage
    mask: NDArray[np.uint8]
    size_um: tuple[float, float]
    condition: Condition
    severities: Severities


@dataclass(frozen=True)
class _Layers:
    """What lies in one opening: optical depths, and the film's missing share; (n, n)."""

    opening: Opening
    ice: IceMap
    film: FloatImage
    missing: FloatImage
    dirt: FloatImage


@dataclass(frozen=True)
class _Truth:
    """What there is to say about it, see `Square`; rasters (n, n)."""

    condition: Condition
    dirt: FloatImage
    counts: FloatImage
    mask: NDArray[np.uint8]


def render_square(
    rng: np.random.Generator, mesh: Mesh, foil: Foil, recipe: SquareRecipe, pixel_um: float
) -> Square:
    """Render one square on a raster of `pixel_um`."""
    opening = open_square(rng, mesh, pixel_um)
    ice = freeze(rng, recipe.ice, opening)
    film = _film_depth(rng, foil, ice, opening)
    tear = _tear(rng, recipe, opening)
    missing, left = tear.missing, np.float32(0)
    if rng.random() < _ICE_HOLDS:
        missing = missing * np.clip(1.4 - ice.depth / 2, 0, 1)
    else:
        left = np.float32(rng.choice(_ICE_THINNED))
    held = np.clip(1 + opening.distance_um / np.float32(_HELD_UM), 0, 1)
    dirt = soil(rng, recipe.dirt, opening) * (1 - missing * (1 - held))
    dirt = dirt + ice.spots * (1 - missing)
    kept = film * (1 + tear.layers) + tear.dark + ice.depth
    depth = (1 - missing) * kept + missing * (tear.dark * np.float32(0.3) + ice.depth * left)
    clean = np.asarray(np.exp(-depth) * opening.inside, dtype=np.float32)
    truth = _inspect(_Layers(opening, ice, film, missing, dirt), foil)
    return Square(
        recipe=recipe,
        pixel_um=pixel_um,
        transmission=np.asarray(clean * np.exp(-dirt), dtype=np.float32),
        clean=clean,
        dirt=truth.dirt,
        counts=truth.counts,
        mask=truth.mask,
        size_um=(2 * opening.half_um[0], 2 * opening.half_um[1]),
        condition=truth.condition,
        severities=judge(truth.condition),
    )


def _film_depth(rng: np.random.Generator, foil: Foil, ice: IceMap, opening: Opening) -> FloatImage:
    """Optical depth of the whole film: less in holes, as far as the ice leaves them visible."""
    holes = hole_cover(rng, foil, opening)
    depth = np.float32(foil.depth) * (1 - holes * ice.clearness * np.float32(foil.visibility))
    uneven = smooth_field(rng, depth.shape[0], float(rng.uniform(10, 40)) / opening.pixel_um)
    return np.asarray(depth * (1 + np.float32(0.04) * uneven), dtype=np.float32)


def _tear(rng: np.random.Generator, recipe: SquareRecipe, opening: Opening) -> Tear:
    """The square's tears, one over the other."""
    first = tear_film(rng, recipe.tear, opening)
    if recipe.second_tear is TearKind.NONE:
        return first
    return first.over(tear_film(rng, recipe.second_tear, opening))


def _inspect(layers: _Layers, foil: Foil) -> _Truth:
    """Measure the truth: shares of the window, what is dirt and how much it counts, the mask."""
    inside, ice, missing = layers.opening.inside > 0.5, layers.ice, layers.missing
    thinnest = float(np.percentile(ice.depth[inside], 2)) if inside.any() else 0.0
    seen = inside & ((ice.depth < thinnest + _OPAQUE_ICE) | (missing > 0.5))
    visible = max(int(np.count_nonzero(seen)), 1)
    lost = (missing > 0.4) & seen
    whole = seen & ~lost
    over = (layers.film + ice.depth) * (1 - missing) - np.float32(foil.depth)
    visible_share = np.clip((np.float32(_FAINT) - over) / np.float32(_FAINT - _DIM), 0, 1)
    weight = np.clip((layers.dirt - np.float32(_PALE)) / np.float32(_DARK - _PALE), 0, 1)
    weight = weight * visible_share * seen
    inward_px = cv2.distanceTransform(seen.astype(np.uint8), cv2.DIST_L2, 5)
    counts = np.clip(inward_px * (layers.opening.pixel_um / _OUTLINE_UM), 0, 1)
    condition = Condition(
        missing=float(missing[seen].sum() / visible),
        dirty=float((weight * counts).sum(dtype=np.float64)) / visible,
        window=visible / max(int(np.count_nonzero(inside)), 1),
        clearness=float(ice.clearness[whole].mean()) if whole.any() else 1.0,
        dimming=float(1 - np.exp(-np.median(ice.depth[whole]))) if whole.any() else 0.0,
    )
    dirty = (weight > MARKED).astype(np.uint8)
    mask = lost.astype(np.uint8) * CRACK_BIT | dirty * DIRT_BIT
    return _Truth(
        condition,
        np.asarray(weight, np.float32),
        np.asarray(counts, np.float32),
        np.asarray(mask, np.uint8),
    )
