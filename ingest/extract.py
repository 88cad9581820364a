"""Find the grid squares of a mosaic: template and correlation, then the mesh as prior.

XCryoNet paper, section 3: squares are found by normalised cross-correlation with a template made
from the grid's own intensity distribution. Here the template's pitch and turn come from the mosaic
itself, and a smooth lattice through the strong matches says where the dim, torn and drowned ones
must be.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.mesh import Mesh, find_mesh, read_levels, transmission
from ingest.mosaic import Mosaic, Overview, build_overview
from ingest.window import Search, Window, measure_window

OVERVIEW_PIXEL_UM = 1.0
STRONG_MATCH = 0.5
SITE_TOLERANCE = 0.25
"""Distance of a window from its lattice site, in pitches."""


MAX_SITES = 90
"""Squares across a grid: 3 mm of the finest mesh, with room."""

MIN_LIGHT = 0.01
"""A window lets through at least a hundredth of what the brightest ones do."""


@dataclass(frozen=True)
class Extraction:
    """Squares of a mosaic and the mesh they lie on."""

    windows: tuple[Window, ...]
    mesh: Mesh | None


def extract_windows(mosaic: Mosaic) -> Extraction:
    """Find every window of the mosaic, each once, in reading order."""
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
    light = MIN_LIGHT * (levels.bright - levels.bar)
    search = Search(mesh.pitch_um, mesh.rotation_deg, light)
    measured = _measure(mosaic, match_template(image, overview, mesh), search)
    windows = _fill(mosaic, measured, _Lattice.fit(measured, mesh), search)
    return Extraction(tuple(sorted(windows, key=lambda w: (w.y_um, w.x_um))), mesh)


def match_template(
    image: NDArray[np.float32], overview: Overview, mesh: Mesh
) -> list[tuple[float, float]]:
    """Positions (mosaic um) where the mosaic looks like a window between bars, best first."""
    template = window_template(image, mesh, overview.pixel_um)
    half = template.shape[0] // 2
    padded = cv2.copyMakeBorder(image, half, half, half, half, cv2.BORDER_CONSTANT)
    score = cv2.matchTemplate(padded, template, cv2.TM_CCOEFF_NORMED)
    score = np.nan_to_num(score, posinf=0, neginf=0)
    radius = round(0.35 * mesh.pitch_um / overview.pixel_um)
    box = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    top = (score == cv2.dilate(score, box)) & (score > STRONG_MATCH)
    rows, columns = np.nonzero(top)
    best_first = np.argsort(-score[rows, columns], kind="stable")
    return [
        (
            overview.left_um + float(columns[i]) * overview.pixel_um,
            overview.top_um + float(rows[i]) * overview.pixel_um,
        )
        for i in best_first
    ]


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
    level, bright = cv2.threshold(grey[grey > 0], 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    del bright
    _, _, stats, _ = cv2.connectedComponentsWithStats((grey > level).astype(np.uint8))
    cell = (mesh.pitch_um / pixel_um) ** 2
    areas = stats[1:, cv2.CC_STAT_AREA]
    areas = areas[(areas > 0.04 * cell) & (areas < cell)]
    side = float(np.sqrt(np.percentile(areas, 70))) if len(areas) else 0.6 * np.sqrt(cell)
    return min(side, 0.9 * float(np.sqrt(cell)))


def _rounded(mesh: Mesh) -> Mesh:
    """The mesh on a coarse grid of values, so that more tiles do not move squares by a hair."""
    turn, pitch = round(mesh.rotation_deg), round(mesh.pitch_um)
    scale = pitch / mesh.pitch_um
    back = np.radians(turn - mesh.rotation_deg)
    rotate = np.array([[np.cos(back), -np.sin(back)], [np.sin(back), np.cos(back)]]) * scale
    first, second = (rotate @ np.array(v) for v in (mesh.first_um, mesh.second_um))
    return Mesh((float(first[0]), float(first[1])), (float(second[0]), float(second[1])))


def _measure(mosaic: Mosaic, near: Iterable[tuple[float, float]], search: Search) -> list[Window]:
    """Measure windows at the candidates; of two that are one, the first stays."""
    found: list[Window] = []
    for position in near:
        window = measure_window(mosaic, position, search)
        if window is not None and not _near(window, found, 0.5 * search.pitch_um):
            found.append(window)
    return found


def _near(window: Window, others: list[Window], radius_um: float) -> bool:
    return any(
        abs(window.x_um - other.x_um) < radius_um
        and np.hypot(window.x_um - other.x_um, window.y_um - other.y_um) < radius_um
        for other in others
    )


@dataclass(frozen=True)
class _Lattice:
    """Smooth map from lattice indices to the mosaic: a plane plus the stage's slow bending.

    Args:
        coefficients: (6, 2) float64 for 1, i, j, ii, ij, jj.
        indices: (n, 2) int, sites of the windows it was fitted to.
    """

    coefficients: NDArray[np.float64]
    indices: NDArray[np.int_]

    @staticmethod
    def fit(windows: list[Window], mesh: Mesh) -> "_Lattice | None":
        """Fit to the largest chain of windows that are one lattice vector apart."""
        if len(windows) < 2:
            return None
        points = np.array([(w.x_um, w.y_um) for w in windows])
        sites = _index(points, mesh)
        members = sorted(sites)
        indices = np.array([sites[m] for m in members])
        start = points[members[0]] - mesh.basis @ indices[0]
        plane = np.vstack([start, mesh.basis.T, np.zeros((3, 2))])
        fitted = _fit_smooth(indices, points[members]) if len(members) >= 4 else None
        return _Lattice(plane if fitted is None else fitted, indices)

    def position(self, indices: NDArray[np.int_]) -> NDArray[np.float64]:
        """(n, 2) micrometres of (n, 2) sites."""
        return _terms(indices, 6) @ self.coefficients


def _terms(indices: NDArray[np.int_], count: int) -> NDArray[np.float64]:
    i, j = indices[:, 0].astype(float), indices[:, 1].astype(float)
    return np.stack([np.ones_like(i), i, j, i * i, i * j, j * j], axis=1)[:, :count]


def _fit_smooth(
    indices: NDArray[np.int_], points: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Robust least squares: bending only where enough sites on all sides support it."""
    spread = np.ptp(indices, axis=0)
    bends = len(indices) >= 20 and spread.min() >= 4
    count = 6 if bends else 3
    terms = _terms(indices, count)
    if np.linalg.matrix_rank(terms) < count:
        return None
    weight = np.ones(len(points))
    solution: NDArray[np.float64] = np.zeros((count, 2))
    for _ in range(5):
        root = np.sqrt(weight)[:, None]
        solution = np.asarray(np.linalg.lstsq(terms * root, points * root, rcond=None)[0], float)
        error = np.linalg.norm(points - terms @ solution, axis=1)
        weight = 1 / (1 + (error / max(2.0, 1.5 * float(np.median(error)))) ** 2)
    return np.vstack([solution, np.zeros((6 - count, 2))])


def _index(points: NDArray[np.float64], mesh: Mesh) -> dict[int, tuple[int, int]]:
    """Lattice indices of the largest group of points connected by lattice vectors."""
    best: dict[int, tuple[int, int]] = {}
    seen: set[int] = set()
    tolerance = SITE_TOLERANCE * mesh.pitch_um
    for start in range(len(points)):
        if start in seen:
            continue
        group = _walk(points, start, mesh, tolerance)
        seen |= set(group)
        if len(group) > len(best):
            best = group
    return best


def _walk(
    points: NDArray[np.float64], start: int, mesh: Mesh, tolerance: float
) -> dict[int, tuple[int, int]]:
    sites = {start: (0, 0)}
    taken = {(0, 0)}
    queue = [start]
    steps = [(1, 0), (-1, 0), (0, 1), (0, -1)]
    while queue:
        here = queue.pop(0)
        for step in steps:
            target = (sites[here][0] + step[0], sites[here][1] + step[1])
            if target in taken:
                continue
            distance = np.linalg.norm(points - points[here] - mesh.basis @ step, axis=1)
            nearest = int(np.argmin(distance))
            if distance[nearest] < tolerance and nearest not in sites:
                sites[nearest] = target
                taken.add(target)
                queue.append(nearest)
    return sites


def _fill(
    mosaic: Mosaic, measured: list[Window], lattice: _Lattice | None, search: Search
) -> list[Window]:
    """One window per lattice site: the measured one nearest to it, else what is seen there."""
    if lattice is None:
        return measured
    tolerance = SITE_TOLERANCE * search.pitch_um
    points = np.array([(w.x_um, w.y_um) for w in measured])
    found: list[Window] = []
    for x, y in lattice.position(_sites(mosaic, lattice)):
        if not mosaic.showing(x, y):
            continue
        distance = np.hypot(points[:, 0] - x, points[:, 1] - y)
        nearest = int(np.argmin(distance))
        window: Window | None = measured[nearest]
        if distance[nearest] > tolerance:
            window = measure_window(mosaic, (x, y), search)
            if window is None or np.hypot(window.x_um - x, window.y_um - y) > tolerance:
                continue
        if window is not None and not _near(window, found, 0.5 * search.pitch_um):
            found.append(window)
    return found


def _sites(mosaic: Mosaic, lattice: _Lattice) -> NDArray[np.int_]:
    """(n, 2) all sites that can lie on the tiles: those of the fit and as many beyond as fit in."""
    tiles = list(mosaic.tiles.values())
    low, high = lattice.indices.min(axis=0), lattice.indices.max(axis=0)
    wide = max(t.x_um for t in tiles) - min(t.x_um for t in tiles)
    tall = max(t.y_um for t in tiles) - min(t.y_um for t in tiles)
    reach_um = max(wide, tall) + 2 * max(max(t.half_size_um) for t in tiles)
    pitch = max(float(np.linalg.norm(lattice.coefficients[1])), 1.0)
    beyond = min(MAX_SITES, int(reach_um / pitch) + 1)
    i, j = (
        np.arange(max(a - beyond, b - MAX_SITES), min(b + beyond, a + MAX_SITES) + 1)
        for a, b in zip(low.tolist(), high.tolist(), strict=True)
    )
    return np.stack(np.meshgrid(i, j, indexing="ij"), axis=-1).reshape(-1, 2)
