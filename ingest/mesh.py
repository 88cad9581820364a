"""The grid's mesh from the mosaic's autocorrelation: square, oblong or hexagonal, at any angle."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.correlation import find_subpixel
from ingest.overview import Overview

PITCH_RANGE_UM = (40.0, 300.0)
"""Meshes that EM grids have: 500 (50 um) to 100 (254 um), with room for a stage's scale."""

MESH_PIXEL_UM = 2.0
MIN_CORRELATION = 0.15
MIN_RELATIVE_PEAK = 0.55
MIN_FINER_PEAK = 0.05
"""Correlation half way between sites that makes them sites too: between real ones lie bars."""

ALIKE = 1.1
"""Lengths of lattice vectors that a mesh has by design as equal ones: stages stretch by 3 %."""

FINER_OFF_UM = 6.0
MIN_CONTRAST = 8.0
"""Windows over bars, in units of the bars' own spread: a dark tile's gain stripes stay below 3."""

MIN_THIN_CONTRAST = 30.0
"""The same where bars are looked for in the darkest tenth: noise alone has less spread there."""

LEVEL_STEP = 1.05


@dataclass(frozen=True)
class Mesh:
    """Two lattice vectors, micrometres in the mosaic frame, the first nearest the x axis."""

    first_um: tuple[float, float]
    second_um: tuple[float, float]

    @property
    def pitch_um(self) -> float:
        """Mean length of the two vectors."""
        return round(float(np.hypot(*self.first_um) + np.hypot(*self.second_um)) / 2, 4)

    @property
    def rotation_deg(self) -> float:
        """Rotation of the first vector against the x axis, -45 to 45; of a hexagonal mesh to 30."""
        turn = float(np.degrees(np.arctan2(self.first_um[1], self.first_um[0])))
        return upright_deg(round(turn, 4))

    @property
    def basis(self) -> NDArray[np.float64]:
        """(2, 2) float64, lattice vectors as columns."""
        return np.array([self.first_um, self.second_um]).T


def upright_deg(angle_deg: float) -> float:
    """The same square's rotation within -45 to 45 degrees."""
    return (angle_deg + 45.0) % 90.0 - 45.0


@dataclass(frozen=True)
class Levels:
    """Grey levels of a mosaic: darkest, bars, and the bright end of its windows."""

    darkest: float
    bar: float
    bright: float

    @property
    def has_windows(self) -> bool:
        """Whether anything is clearly brighter than the bars."""
        return self.contrast > MIN_CONTRAST and self.bright > 2 * self.bar

    @property
    def contrast(self) -> float:
        """Of bright windows over bars, in units of the bars' own spread."""
        return (self.bright - self.bar) / max(self.bar - self.darkest, 1e-6)


def read_levels(overview: Overview) -> Levels:
    """Bars and bright end from the intensity distribution (every third pixel each way).

    Bars are looked for in the darkest fifth; where a mesh is nearly all open, in the darkest tenth.
    """
    values = overview.pixels[::3, ::3][overview.covered[::3, ::3]]
    darkest, fewer, bar, bright = (float(v) for v in np.percentile(values, [2, 8, 20, 99.5]))
    levels = Levels(darkest, bar, bright)
    thin = Levels(darkest, fewer, bright)
    clear = thin.has_windows and thin.contrast > MIN_THIN_CONTRAST
    return thin if clear and not levels.has_windows else levels


def transmission(overview: Overview, levels: Levels) -> NDArray[np.float32]:
    """(h, w) float32 in 0 to 1: root of the grey level between bars and bright windows."""
    bar, bright = _stepped(levels.bar), _stepped(levels.bright)
    scaled = overview.pixels - np.float32(bar)
    scaled *= np.float32(1 / max(bright - bar, 1e-6))
    np.clip(scaled, 0, 1, out=scaled)
    np.sqrt(scaled, out=scaled)
    scaled *= overview.covered
    return scaled


def _stepped(level: float) -> float:
    """The nearest of levels 5 % apart: the next tile must not change every pixel a little."""
    return float(LEVEL_STEP ** np.rint(np.log(max(level, 1e-6)) / np.log(LEVEL_STEP)))


def find_mesh(image: NDArray[np.float32], overview: Overview) -> Mesh | None:
    """Estimate the mesh from a transmission image; None where nothing repeats."""
    factor = overview.pixel_um / MESH_PIXEL_UM
    if factor == 1:
        return _choose(_peaks(_autocorrelation(image, overview.covered)))
    mask = _scaled(overview.covered.astype(np.float32), factor)
    return _choose(_peaks(_autocorrelation(_scaled(image, factor), mask)))


def _scaled(image: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def _autocorrelation(
    image: NDArray[np.float32], mask: NDArray[np.float32] | NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Correlation coefficient at every shift of at most the largest pitch; (2r + 1, 2r + 1)."""
    reach = int(PITCH_RANGE_UM[1] * 1.1 / MESH_PIXEL_UM)
    mean = float(image[mask > 0.5].mean())
    padded, inside = _padded(image, reach)
    inside -= mean
    inside *= mask
    total = _shifted_products(padded, reach)
    overlap = _shifted_products(_padded(mask, reach)[0], reach)
    enough = overlap > 0.05 * float(mask.sum())
    result = np.where(enough, total / np.maximum(overlap, 1), 0)
    return np.asarray(result / max(float(result[reach, reach]), 1e-9), np.float32)


def _padded(
    image: NDArray[np.float32] | NDArray[np.bool_], reach: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A copy with room for shifts that transforms quickly, and the image's place in it."""
    rows, columns = (cv2.getOptimalDFTSize(max(n, reach + 1) + reach + 1) for n in image.shape)
    padded = np.zeros((rows, columns), np.float32)
    inside = padded[: image.shape[0], : image.shape[1]]
    inside[:] = image
    return padded, inside


def _shifted_products(padded: NDArray[np.float32], reach: int) -> NDArray[np.float32]:
    """Sum of an image's products with itself at every shift; (2 reach + 1, 2 reach + 1).

    All is done in the image's own memory: a large atlas' takes tens of megabytes.
    """
    cv2.dft(padded, dst=padded)
    cv2.mulSpectrums(padded, padded, 0, c=padded, conjB=True)
    flags = cv2.DFT_INVERSE | cv2.DFT_SCALE | cv2.DFT_REAL_OUTPUT
    cv2.dft(padded, dst=padded, flags=flags)
    shifts = np.arange(-reach, reach + 1)  # negative ones lie at the far end
    return padded[np.ix_(shifts, shifts)]


def _peaks(correlation: NDArray[np.float32]) -> list[tuple[float, float, float]]:
    """Local maxima in the range of pitches as (x um, y um, height), half a plane, highest first."""
    reach = correlation.shape[0] // 2
    smooth = np.asarray(cv2.GaussianBlur(correlation, (0, 0), 1.5), np.float32)
    top = cv2.dilate(smooth, np.ones((9, 9), np.uint8))
    found = []
    for row, column in zip(*np.nonzero((smooth == top) & (smooth > MIN_FINER_PEAK)), strict=True):
        y, x = row - reach, column - reach
        radius_um = float(np.hypot(x, y)) * MESH_PIXEL_UM
        if PITCH_RANGE_UM[0] <= radius_um <= PITCH_RANGE_UM[1] and (y > 0 or (y == 0 and x > 0)):
            dx, dy = find_subpixel(smooth, int(row), int(column))
            height = float(smooth[row, column])
            found.append(((x + dx) * MESH_PIXEL_UM, (y + dy) * MESH_PIXEL_UM, height))
    return sorted(found, key=lambda peak: -peak[2])


def _choose(peaks: list[tuple[float, float, float]]) -> Mesh | None:
    """The two shortest lattice vectors among the high peaks, at 50 to 130 degrees."""
    if not peaks or peaks[0][2] < MIN_CORRELATION:
        return None
    least = max(MIN_CORRELATION, MIN_RELATIVE_PEAK * peaks[0][2])
    strong = [np.array(peak[:2]) for peak in peaks if peak[2] >= least]
    strong.sort(key=lambda vector: float(np.hypot(*vector)))
    first = _most_level(strong)
    second = next((vector for vector in strong if _spans(first, vector)), None)
    if second is None:
        second = np.array([-first[1], first[0]])
    weak = [np.array(peak[:2]) for peak in peaks]
    return _oriented(*_finer(first, second, weak))


def _most_level(vectors: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Of the shortest, the one nearest the x axis: a hexagonal mesh has three, alike but for noise.

    Args:
        vectors: shortest first.
    """
    longest = ALIKE * np.linalg.norm(vectors[0])
    shortest = [vector for vector in vectors if np.linalg.norm(vector) < longest]
    return max(shortest, key=lambda vector: abs(float(vector[0])) / float(np.linalg.norm(vector)))


def _spans(first: NDArray[np.float64], second: NDArray[np.float64]) -> bool:
    """Whether two vectors are a mesh's: about as long, and far from parallel."""
    lengths = np.linalg.norm(first), np.linalg.norm(second)
    sine = abs(first[0] * second[1] - first[1] * second[0]) / lengths[0] / lengths[1]
    return bool(sine > 0.76 and 0.75 < lengths[1] / lengths[0] < 1.33)


def _finer(
    first: NDArray[np.float64], second: NDArray[np.float64], peaks: list[NDArray[np.float64]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mesh of which these are diagonals: where few windows are open, those can show best."""
    half = (first + second) / 2, (second - first) / 2

    def seen(vector: NDArray[np.float64]) -> bool:
        off = [min(np.linalg.norm(p - vector), np.linalg.norm(p + vector)) for p in peaks]
        return bool(min(off) < FINER_OFF_UM)

    return half if all(seen(vector) for vector in half) else (first, second)


def _oriented(one: NDArray[np.float64], other: NDArray[np.float64]) -> Mesh:
    """Name the vector nearer the x axis first, both pointing right and down."""
    if abs(one[1]) / np.linalg.norm(one) > abs(other[1]) / np.linalg.norm(other):
        one, other = other, one
    one = one if one[0] > 0 else -one
    other = other if other[1] > 0 else -other
    return Mesh((float(one[0]), float(one[1])), (float(other[0]), float(other[1])))
