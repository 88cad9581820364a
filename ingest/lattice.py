"""The lattice that a grid's windows lie on: sites by walking from window to window, then a fit."""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.mesh import Mesh

SITE_TOLERANCE = 0.25
"""Distance of a window from its lattice site, in pitches."""

MIN_SITES_TO_BEND = 20
MIN_SPREAD_TO_BEND = 4
"""Bending is fitted only where enough sites on all sides support it."""

AT_ONCE = 200
"""Points whose distances to all others are held at once."""

STEPS = ((1, 0), (-1, 0), (0, 1), (0, -1))


@dataclass(frozen=True)
class Lattice:
    """Smooth map from lattice indices to the mosaic: a plane plus the stage's slow bending.

    Args:
        coefficients: (6, 2) float64 for 1, i, j, ii, ij, jj; micrometres.
        indices: (n, 2) int, sites of the windows it was fitted to.
    """

    coefficients: NDArray[np.float64]
    indices: NDArray[np.int_]

    def position(self, indices: NDArray[np.int_]) -> NDArray[np.float64]:
        """(n, 2) float64 micrometres of (n, 2) sites."""
        return np.asarray(_terms(indices, 6) @ self.coefficients, np.float64)


def fit_lattice(points_um: NDArray[np.float64], mesh: Mesh) -> Lattice | None:
    """Fit to the largest chain of (n, 2) points one lattice vector apart; None below two points."""
    if len(points_um) < 2:
        return None
    sites = _largest_chain(points_um, mesh)
    members = sorted(sites)
    indices = np.array([sites[member] for member in members])
    fitted = _fit_smooth(indices, points_um[members]) if len(members) >= 4 else None
    if fitted is None:
        start = points_um[members[0]] - mesh.basis @ indices[0]
        fitted = np.vstack([start, mesh.basis.T, np.zeros((3, 2))])
    return Lattice(fitted, indices)


def _terms(indices: NDArray[np.int_], count: int) -> NDArray[np.float64]:
    i, j = indices[:, 0].astype(float), indices[:, 1].astype(float)
    return np.stack([np.ones_like(i), i, j, i * i, i * j, j * j], axis=1)[:, :count]


def _fit_smooth(
    indices: NDArray[np.int_], points: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Robust least squares, (6, 2); None where the sites lie on one line."""
    bends = len(indices) >= MIN_SITES_TO_BEND
    bends = bends and int(np.ptp(indices, axis=0).min()) >= MIN_SPREAD_TO_BEND
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


def _largest_chain(points: NDArray[np.float64], mesh: Mesh) -> dict[int, tuple[int, int]]:
    """Lattice indices of the largest group of points connected by lattice vectors."""
    best: dict[int, tuple[int, int]] = {}
    seen: set[int] = set()
    neighbours = _neighbours(points, mesh)
    for start in range(len(points)):
        if start not in seen:
            group = _walk(neighbours, start)
            seen |= set(group)
            best = group if len(group) > len(best) else best
    return best


def _neighbours(points: NDArray[np.float64], mesh: Mesh) -> NDArray[np.int_]:
    """(n, 4) the point that lies one of `STEPS` from each point, -1 where there is none."""
    tolerance = SITE_TOLERANCE * mesh.pitch_um
    found = np.full((len(points), len(STEPS)), -1)
    for number, step in enumerate(STEPS):
        expected = points + mesh.basis @ step
        for start in range(0, len(points), AT_ONCE):
            rows = slice(start, start + AT_ONCE)
            distance = np.linalg.norm(points[None] - expected[rows, None], axis=2)
            nearest = distance.argmin(axis=1)
            near = distance.min(axis=1) < tolerance
            found[rows, number] = np.where(near, nearest, -1)
    return found


def _walk(neighbours: NDArray[np.int_], start: int) -> dict[int, tuple[int, int]]:
    """Breadth first, so that a site is named by its shortest way from the start."""
    sites = {start: (0, 0)}
    taken = {(0, 0)}
    queue = deque([start])
    while queue:
        here = queue.popleft()
        for step, there in zip(STEPS, neighbours[here].tolist(), strict=True):
            target = (sites[here][0] + step[0], sites[here][1] + step[1])
            if there >= 0 and there not in sites and target not in taken:
                sites[there] = target
                taken.add(target)
                queue.append(there)
    return sites
