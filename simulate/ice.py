"""Vitreous ice: thin over the film, thick at the bars, up to a square drowned in it."""

from dataclasses import dataclass

import numpy as np

from simulate.fields import FloatImage, smooth_field
from simulate.mesh import Opening


@dataclass(frozen=True)
class Ice:
    """The ice of one square.

    `fill` says how far the meniscus reaches in from the bars: 0 only a rim, 0.5 a rounded window
    of a third of the area, above 1 nothing transmits. `steepness` is optical depth per unit of
    fill, `softness` how gently it begins, `blanket` the optical depth of the even part, `tilt` the
    slope of the meniscus across the square, `squareness` how long its window stays square, `lens`
    the depth of thick islands. `shelf` is the optical depth of a step along the bars where ice
    fills the holes, `reach` how far in it comes on the scale of `fill`, `mottle` how uneven it is.
    """

    fill: float
    steepness: float
    softness: float
    blanket: float
    tilt: tuple[float, float]
    ripple: float
    lens: float
    hiding: float
    squareness: float
    shelf: float
    reach: float
    mottle: float


@dataclass(frozen=True)
class IceMap:
    """Ice of one square, float32 (n, n).

    `depth` is its optical depth without `spots`, those of a shelf's dark spots, which a rater takes
    for dirt; `clearness` says how far (0-1) holes stay visible.
    """

    depth: FloatImage
    spots: FloatImage
    clearness: FloatImage


def freeze(rng: np.random.Generator, ice: Ice, opening: Opening) -> IceMap:
    """Lay the ice of one square over its opening.

    Between straight bars a liquid film's surface follows Poisson's equation; its level lines go
    from the opening's shape at the bars to a circle in the middle, which is why thick ice leaves a
    small round window.
    """
    n, pixel = opening.x.shape[0], opening.pixel_um
    x, y = opening.x, opening.y
    tilt_x, tilt_y = np.float32(ice.tilt[0]), np.float32(ice.tilt[1])
    dome = _dome(opening, ice)
    ripple = smooth_field(rng, n, float(rng.uniform(8, 25)) / pixel) * np.float32(ice.ripple)
    level = np.float32(ice.fill) - dome + tilt_x * x + tilt_y * y + ripple
    soft = np.float32(ice.softness * (0.03 + 0.05 * abs(ice.fill)))
    meniscus = soft * np.logaddexp(np.float32(0), np.clip(level / soft, -30, 60))
    depth = np.float32(ice.blanket) + np.float32(ice.steepness) * meniscus
    thick = level + dome * np.float32(0.8)
    if ice.lens > 0:
        lens = _lenses(rng, opening) * np.float32(ice.lens)
        depth, thick = depth + lens, thick + lens * np.float32(1.5)
    hidden = (thick - np.float32(ice.hiding)) / np.float32(0.07)
    clearness = 1 / (1 + np.exp(np.clip(hidden, -30, 30)))
    spots = np.zeros_like(depth)
    if ice.shelf > 0:
        step, above = _shelf(rng, ice, dome + ripple, pixel)
        depth, spots = depth + step * np.float32(ice.shelf), above * np.float32(ice.shelf)
        clearness = clearness * (1 - np.minimum(step + above, 1))
    return IceMap(depth.astype(np.float32), spots, clearness.astype(np.float32))


def _shelf(
    rng: np.random.Generator, ice: Ice, dome: FloatImage, pixel_um: float
) -> tuple[FloatImage, FloatImage]:
    """Where ice fills the holes along the bars: 0 to about 1.5, most at the bars; and its spots."""
    n = dome.shape[0]
    fine = smooth_field(rng, n, max(float(rng.uniform(0.6, 2.5)) / pixel_um, 2.0))
    broad = smooth_field(rng, n, float(rng.uniform(5, 15)) / pixel_um)
    inward = np.float32(ice.reach) - dome + np.float32(0.08) * broad
    begun = 1 / (1 + np.exp(np.clip(-inward / np.float32(0.05), -30, 30)))
    rising = np.float32(0.7) + np.float32(0.6) * np.clip(inward, 0, 1)
    even = begun * rising
    uneven = np.float32(ice.mottle) * fine
    pits = np.clip(1 + np.float32(0.5) * np.minimum(uneven, 0), 0, 1)
    spots = np.clip(uneven, 0, 2)
    return np.asarray(even * pits, np.float32), np.asarray(even * spots, np.float32)


def _dome(opening: Opening, ice: Ice) -> FloatImage:
    """How far the surface sags: 0 at the bars, 1 in the middle; level lines turn round inside."""
    power = np.float32(np.clip(ice.squareness - 2.2 * ice.fill, 2.0, 5.0))
    sags = [1 - np.minimum(np.abs(place), 1) ** power for place in opening.across]
    return np.asarray(np.prod(sags, axis=0), dtype=np.float32)


def _lenses(rng: np.random.Generator, opening: Opening) -> FloatImage:
    """One to three thick patches, some with a firm edge, some broad."""
    total = np.zeros_like(opening.x)
    for _ in range(int(rng.integers(1, 4))):
        cx, cy = (float(v) for v in rng.uniform(-0.9, 0.9, size=2))
        rx, ry = (float(v) for v in rng.uniform(0.12, 0.7, size=2))
        angle = float(rng.uniform(0, np.pi))
        c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        u = (c * (opening.x - cx) + s * (opening.y - cy)) / rx
        v = (-s * (opening.x - cx) + c * (opening.y - cy)) / ry
        firm = np.float32(rng.choice([2.0, 4.0, 12.0]))
        wave = smooth_field(rng, u.shape[0], 6 / opening.pixel_um) * np.float32(rng.uniform(0, 0.3))
        bulge = 1 / (1 + np.exp(np.clip(firm * (u * u + v * v - 1 + wave), -30, 30)))
        total = np.maximum(total, bulge * np.float32(rng.uniform(0.3, 1.0)))
    return total.astype(np.float32)
