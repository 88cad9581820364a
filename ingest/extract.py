"""Find the grid squares of a mosaic: template and correlation, then the mesh as prior.

XCryoNet paper, section 3: squares are found by normalised cross-correlation with a template made
from the grid's own intensity distribution. Here the template's pitch and turn come from the mosaic
itself, and a smooth lattice through the strong matches says where the dim, torn and drowned ones
must be.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.faint import measure_site
from ingest.lattice import SITE_TOLERANCE, Lattice, fit_lattice
from ingest.measured import MeasuredWindows
from ingest.mesh import Levels, Mesh, find_mesh, read_levels, transmission
from ingest.mosaic import Mosaic
from ingest.overview import Overview, build_overview
from ingest.window import Search, Window, measure_window

OVERVIEW_PIXEL_UM = 2.0
STRONG_MATCH = 0.5

BAND_PX = 512
"""Rows of the overview compared with the template at once: all would take hundreds of megabytes."""

MAX_SITES = 90
"""Squares across a grid: 3 mm of the finest mesh, with room."""

MIN_LIGHT = 0.01
"""A window lets through at least a hundredth of what the brightest ones do."""

APART = 0.5
"""Centres of two windows lie at least half a pitch apart."""

CUT = 0.2
"""Of the pitch: how far off the tiles a window's middle may lie of which they show a part."""

SIDE_STEP_UM = 2.0
NEAR_STEP_UM = 2.0
LIGHT_STEP = 2.0
"""What a window is looked for with is rounded, so that more tiles do not move squares by a hair."""


@dataclass(frozen=True)
class Extraction:
    """Squares of a mosaic, the mesh they lie on, and the sites it has, in the registered frame."""

    windows: tuple[Window, ...]
    mesh: Mesh | None
    lattice: Lattice | None = None


def extract_windows(mosaic: Mosaic, measured: MeasuredWindows | None = None) -> Extraction:
    """Find every window of the mosaic, each once, in reading order.

    Args:
        mosaic: the placed tiles.
        measured: what earlier surveys of the same atlas measured; the answer is the same without.
    """
    if not len(mosaic):
        return Extraction((), None)
    overview = build_overview(mosaic, OVERVIEW_PIXEL_UM)
    levels = read_levels(overview)
    if not levels.has_windows:
        return Extraction((), None)
    image = transmission(overview, levels)
    mesh = find_mesh(image, overview)
    if mesh is None:
        return Extraction((), None)
    mesh = _rounded(mesh)
    memory = MeasuredWindows() if measured is None else measured
    look = _Look(mosaic, overview, _search(mesh, levels), memory)
    matched = _measure(look, match_template(image, overview, mesh))
    lattice = fit_lattice(_registered(mosaic, matched), mesh)
    windows = _shown(mosaic, _fill(look, matched, lattice))
    memory.end_survey()
    return Extraction(tuple(sorted(windows, key=lambda w: (w.y_um, w.x_um))), mesh, lattice)


def match_template(
    image: NDArray[np.float32], overview: Overview, mesh: Mesh
) -> list[tuple[float, float]]:
    """Positions (mosaic um) where the mosaic looks like a window between bars, best first."""
    template = window_template(image, mesh, overview.pixel_um)
    apart = round(0.35 * mesh.pitch_um / overview.pixel_um)
    bands = [
        _matches(image, template, slice(start, start + BAND_PX), apart)
        for start in range(0, image.shape[0], BAND_PX)
    ]
    rows, columns, scores = np.concatenate(bands, axis=1)
    best_first = np.argsort(-scores, kind="stable")
    x_um = overview.left_um + columns[best_first] * overview.pixel_um
    y_um = overview.top_um + rows[best_first] * overview.pixel_um
    return list(zip(x_um.tolist(), y_um.tolist(), strict=True))


def _matches(
    image: NDArray[np.float32], template: NDArray[np.float32], band: slice, apart: int
) -> NDArray[np.float64]:
    """(3, n) row, column and score of the strong local maxima in a band of an image's rows."""
    half = template.shape[0] // 2
    first, last = band.start - apart - half, band.stop + apart + half
    above, below = max(0, -first), max(0, last - image.shape[0])
    seen = image[max(0, first) : last]
    padded = cv2.copyMakeBorder(seen, above, below, half, half, cv2.BORDER_CONSTANT)
    score = cv2.matchTemplate(padded, template, cv2.TM_CCOEFF_NORMED)
    score = np.nan_to_num(score, copy=False, posinf=0, neginf=0)
    top = cv2.dilate(score, np.ones((2 * apart + 1, 2 * apart + 1), np.uint8))
    inner = slice(apart, apart + min(band.stop, image.shape[0]) - band.start)
    rows, columns = np.nonzero((score == top)[inner] & (score[inner] > STRONG_MATCH))
    return np.stack([rows + band.start, columns, score[inner][rows, columns]])


def window_template(image: NDArray[np.float32], mesh: Mesh, pixel_um: float) -> NDArray[np.float32]:
    """(n, n) float32, one mesh cell: a soft bright square of typical size on dark bars."""
    side = _window_side(image, mesh, pixel_um)
    size = 2 * round(mesh.pitch_um / pixel_um / 2) + 1
    y, x = np.mgrid[:size, :size] - size // 2
    turn = np.radians(mesh.rotation_deg)
    along = np.abs(np.cos(turn) * x + np.sin(turn) * y)
    across = np.abs(np.cos(turn) * y - np.sin(turn) * x)
    square = (np.maximum(along, across) < side / 2).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(square, (0, 0), 2.0 / pixel_um), np.float32)


def _window_side(image: NDArray[np.float32], mesh: Mesh, pixel_um: float) -> float:
    """Typical side of a bright window, pixels: intensity split by Otsu, one window per cell."""
    grey = (image * 255).astype(np.uint8)
    level, _ = cv2.threshold(grey[grey > 0], 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    _, _, stats, _ = cv2.connectedComponentsWithStats((grey > level).astype(np.uint8))
    cell_um2 = mesh.pitch_um**2
    areas_um2 = stats[1:, cv2.CC_STAT_AREA] * pixel_um**2
    areas_um2 = areas_um2[(areas_um2 > 0.04 * cell_um2) & (areas_um2 < cell_um2)]
    side_um = 0.6 * mesh.pitch_um
    if len(areas_um2):
        side_um = float(np.sqrt(np.percentile(areas_um2, 70)))
    return _step(min(side_um, 0.9 * mesh.pitch_um), SIDE_STEP_UM) / pixel_um


def _step(value: float, step: float) -> float:
    return round(value / step) * step


def _rounded(mesh: Mesh) -> Mesh:
    """The mesh in whole degrees and micrometres."""
    turn, pitch = round(mesh.rotation_deg), round(mesh.pitch_um)
    scale = pitch / mesh.pitch_um
    back = np.radians(turn - mesh.rotation_deg)
    rotate = np.array([[np.cos(back), -np.sin(back)], [np.sin(back), np.cos(back)]]) * scale
    first, second = (rotate @ np.array(v) for v in (mesh.first_um, mesh.second_um))
    return Mesh((float(first[0]), float(first[1])), (float(second[0]), float(second[1])))


def _search(mesh: Mesh, levels: Levels) -> Search:
    light = MIN_LIGHT * (levels.bright - levels.bar)
    steps = round(float(np.log(light) / np.log(LIGHT_STEP)))
    return Search(round(mesh.pitch_um), round(mesh.rotation_deg), LIGHT_STEP**steps)


@dataclass(frozen=True)
class _Look:
    """Where windows are looked for, for what, and what is known already."""

    mosaic: Mosaic
    overview: Overview
    search: Search
    memory: MeasuredWindows

    def at(self, x_um: float, y_um: float) -> Window | None:
        """The window nearest a position."""
        near = (_step(x_um, NEAR_STEP_UM), _step(y_um, NEAR_STEP_UM))
        if not self._has_light(*near):
            return None
        return self.memory.measure(self.mosaic, near, self.search, measure_window)

    def in_cell(self, x_um: float, y_um: float) -> Window | None:
        """Whatever the cell about a site of the mesh lets through."""
        near = (_step(x_um, NEAR_STEP_UM), _step(y_um, NEAR_STEP_UM))
        return self.memory.measure(self.mosaic, near, self.search, measure_site)

    def _has_light(self, x_um: float, y_um: float) -> bool:
        """Whether the overview shows contrast enough for a window: bare sites do not."""
        pixel_um, reach = self.overview.pixel_um, 0.7072 * self.search.pitch_um
        left, right = (int((x_um + d - self.overview.left_um) / pixel_um) for d in (-reach, reach))
        top, bottom = (int((y_um + d - self.overview.top_um) / pixel_um) for d in (-reach, reach))
        seen = self.overview.pixels[max(top, 0) : bottom + 2, max(left, 0) : right + 2]
        return seen.size > 0 and float(seen.max() - seen.min()) >= self.search.min_contrast


@dataclass
class _Spacing:
    """Positions that keep their distance: looked up in cells of that size."""

    least_um: float
    _cells: dict[tuple[int, int], list[tuple[float, float]]] = field(default_factory=dict)

    def claim(self, x_um: float, y_um: float) -> bool:
        """Take a position, unless one nearer than allowed is taken."""
        column, row = int(x_um // self.least_um), int(y_um // self.least_um)
        cells = [(column + i, row + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
        near = (taken for cell in cells for taken in self._cells.get(cell, ()))
        if any(math.hypot(x - x_um, y - y_um) < self.least_um for x, y in near):
            return False
        self._cells.setdefault((column, row), []).append((x_um, y_um))
        return True


def _measure(look: _Look, near: Iterable[tuple[float, float]]) -> list[Window]:
    """Measure windows at the candidates; of two that are one, the first stays."""
    spacing = _Spacing(APART * look.search.pitch_um)
    found = (look.at(x, y) for x, y in near)
    return [w for w in found if w is not None and spacing.claim(w.x_um, w.y_um)]


def _fill(look: _Look, matched: list[Window], lattice: Lattice | None) -> list[Window]:
    """One window per lattice site: the matched one nearest to it, else what is seen there."""
    if lattice is None:
        return matched
    spacing = _Spacing(APART * look.search.pitch_um)
    points = _registered(look.mosaic, matched)
    sites = lattice.position(sites_in_reach(look.mosaic, lattice))
    places = look.mosaic.unregistered(sites)
    near = look.mosaic.covers(places, CUT * look.search.pitch_um)
    found: list[Window] = []
    bare: list[tuple[float, float]] = []
    for site, place in zip(sites[near], places[near].tolist(), strict=True):
        distance = np.hypot(*(points - site).T)
        nearest = int(np.argmin(distance))
        is_it = distance[nearest] <= SITE_TOLERANCE * look.search.pitch_um
        window = matched[nearest] if is_it else look.at(*place)
        if window is None or not (is_it or _is_at(look, window, site)):
            bare.append(place)
        elif spacing.claim(window.x_um, window.y_um):
            found.append(window)
    middles = look.mosaic.covers(np.array(bare).reshape(-1, 2))
    rest = (look.in_cell(*place) for place, shown in zip(bare, middles, strict=True) if shown)
    return found + [w for w in rest if w is not None and spacing.claim(w.x_um, w.y_um)]


def _is_at(look: _Look, window: Window, site: NDArray[np.float64]) -> bool:
    """Whether a window lies at a site of the mesh, not between two."""
    off = _registered(look.mosaic, [window])[0] - site
    return bool(np.hypot(*off) <= SITE_TOLERANCE * look.search.pitch_um)


def _shown(mosaic: Mosaic, windows: list[Window]) -> list[Window]:
    """Those whose centre lies on a tile: a window with a corner on one belongs to none."""
    centres = np.array([(w.x_um, w.y_um) for w in windows]).reshape(-1, 2)
    return [w for w, seen in zip(windows, mosaic.covers(centres), strict=True) if seen]


def _registered(mosaic: Mosaic, windows: list[Window]) -> NDArray[np.float64]:
    """(n, 2) centres in the frame in which tiles fit and the mesh is straight."""
    return mosaic.registered(np.array([(w.x_um, w.y_um) for w in windows]).reshape(-1, 2))


def sites_in_reach(mosaic: Mosaic, lattice: Lattice) -> NDArray[np.int_]:
    """(n, 2) all sites that can lie on the tiles: those of the fit and as many beyond as fit in."""
    tiles = list(mosaic.tiles.values())
    low, high = lattice.indices.min(axis=0), lattice.indices.max(axis=0)
    wide = max(t.x_um for t in tiles) - min(t.x_um for t in tiles)
    tall = max(t.y_um for t in tiles) - min(t.y_um for t in tiles)
    reach_um = max(wide, tall) + 2 * max(max(t.half_size_um) for t in tiles)
    first, second = lattice.coefficients[1:3]
    cell_um2 = abs(float(first[0] * second[1] - first[1] * second[0]))
    apart_um = cell_um2 / max(float(np.linalg.norm(v)) for v in (first, second))
    beyond = min(MAX_SITES, int(reach_um / max(apart_um, 1.0)) + 1)
    i, j = (
        np.arange(max(a - beyond, b - MAX_SITES), min(b + beyond, a + MAX_SITES) + 1)
        for a, b in zip(low.tolist(), high.tolist(), strict=True)
    )
    return np.stack(np.meshgrid(i, j, indexing="ij"), axis=-1).reshape(-1, 2)
