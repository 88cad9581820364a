"""Stage positions of squares by EPU's stage model, calibrated from Atlas.dm nodes.

For a pixel p of a tile with centre c, taken at stage (X0, Y0) with image-to-stage matrix M (binning
included), as EPU 3.4 and 3.7 do:
`u = -R M (p - c); X = X0 + s u_x cos(phi); Y = Y0 + u_y + s u_x sin(phi); phi = -Y0 / L`.
R turns by what the matrix is off, where nodes tell: 0.18 mrad in both atlases of a real Krios.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ingest.place import Placed, TileOptics, lattice_step
from ingest.records import StageSource

PIVOT_UM = 35_000.0
"""Rod pivot of the Krios whose atlases were measured (EPU 3.4 and 3.7)."""

PIVOT_PRIOR_SD = 3.0
"""Of the pivot's inverse, in its own size: only where nodes tell nothing does it matter."""

LEAST_NODES = 8
FOLDS = 4
ROUNDS = 8
SHARPEST_UM = 0.05
"""Nodes of one EPU agree to 30 nm: nearer ones all count alike."""

TURN_GAIN = 0.9
"""Of the error of nodes left out, below which a turn is believed."""

NOMINAL_RESIDUAL_UM = 6.0
"""Largest error of the uncalibrated model, at a tile's edge."""


@dataclass(frozen=True)
class StageModel:
    """X scale and pivot of a stage, the turn that its matrix lacks, and how well they are known."""

    scale_x: float
    pivot_um: float | None
    source: StageSource
    residual_um: float
    turn_rad: float = 0.0

    def position(self, tile: TileOptics, x_px: float, y_px: float) -> tuple[float, float]:
        """Stage x, y (micrometres) of a point of a tile; its first pixel's corner is 0, 0."""
        x, y = _tile_offset(tile, x_px, y_px)
        cos, sin = float(np.cos(self.turn_rad)), float(np.sin(self.turn_rad))
        u_x, u_y = cos * x - sin * y, sin * x + cos * y
        phi = -tile.stage_um[1] / self.pivot_um if self.pivot_um else 0.0
        across = self.scale_x * u_x
        return (
            tile.stage_um[0] + across * float(np.cos(phi)),
            tile.stage_um[1] + u_y + across * float(np.sin(phi)),
        )


@dataclass(frozen=True)
class StageSample:
    """A node of Atlas.dm: where a tile shows it, and where the stage must go."""

    tile: TileOptics
    x_px: float
    y_px: float
    stage_um: tuple[float, float]


def nominal_stage_model(tiles: dict[str, TileOptics], placed: dict[str, Placed]) -> StageModel:
    """Stage model from the tiles alone: the X scale is what makes column and row steps equal."""
    scale = _lattice_scale(tiles, placed)
    if scale is None:
        return StageModel(1.0, PIVOT_UM, StageSource.NOMINAL, NOMINAL_RESIDUAL_UM)
    return StageModel(scale, PIVOT_UM, StageSource.STAGE_MODEL, 1.0)


def fit_stage_model(samples: Sequence[StageSample]) -> StageModel | None:
    """Robust X scale and pivot from Atlas.dm nodes; None with fewer than eight.

    The residual is that of nodes left out, tile by tile, where there are tiles enough. A turn is
    taken in where it brings nodes left out clearly nearer.
    """
    if len(samples) < LEAST_NODES:
        return None
    nodes = _nodes(samples)
    plain, turned = (_left_out_um(nodes, unknowns) for unknowns in (2, 3))
    unknowns, residual = (3, turned) if turned < TURN_GAIN * plain else (2, plain)
    return replace(_fit(nodes, unknowns), residual_um=residual)


@dataclass(frozen=True)
class _Nodes:
    """Nodes: offset in their tile, the stage's move to them, its y before, and the tile.

    Args:
        offset_um: (n, 2).
        moved_um: (n, 2).
        stage_y_um: (n,).
        tile: (n,) int.
    """

    offset_um: NDArray[np.float64]
    moved_um: NDArray[np.float64]
    stage_y_um: NDArray[np.float64]
    tile: NDArray[np.int_]

    def __getitem__(self, chosen: NDArray[np.bool_]) -> "_Nodes":
        """Some of them."""
        return _Nodes(
            self.offset_um[chosen],
            self.moved_um[chosen],
            self.stage_y_um[chosen],
            self.tile[chosen],
        )


def _nodes(samples: Sequence[StageSample]) -> _Nodes:
    return _Nodes(
        np.array([_tile_offset(s.tile, s.x_px, s.y_px) for s in samples]),
        np.array([np.subtract(s.stage_um, s.tile.stage_um) for s in samples]),
        np.array([s.tile.stage_um[1] for s in samples]),
        np.array([s.tile.index for s in samples]),
    )


def _fit(nodes: _Nodes, unknowns: int) -> StageModel:
    """Least squares for scale, 1 / pivot and, as a third unknown, turn.

    What is far off weighs nothing; a pivot that the nodes do not tell is the prior's.
    """
    prior = (SHARPEST_UM * PIVOT_UM / PIVOT_PRIOR_SD) ** 2
    solution = np.array([1.0, 1 / PIVOT_UM, 0.0])
    weight = np.ones(len(nodes.tile))
    for _ in range(ROUNDS):
        slopes, errors = _linear(nodes, solution)
        normal = np.einsum("n,nik,nil->kl", weight, slopes, slopes)
        right = np.einsum("n,nik,ni->k", weight, slopes, errors)
        normal[1, 1] += prior
        right[1] += prior * (1 / PIVOT_UM - solution[1])
        step = np.linalg.solve(normal[:unknowns, :unknowns], right[:unknowns])
        solution[:unknowns] += step
        off = np.linalg.norm(_linear(nodes, solution)[1], axis=1)
        weight = 1 / (1 + (off / max(SHARPEST_UM, 2 * float(np.median(off)))) ** 2) ** 2
    scale, per_um, turn = solution.tolist()
    pivot = 1 / per_um if per_um else None
    return StageModel(scale, pivot, StageSource.EPU_NODES, 0.0, turn)


def _linear(
    nodes: _Nodes, solution: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n, 2, 3) slopes of the predicted moves, and (n, 2) what they still lack."""
    scale, per_um, turn = solution
    x, y = nodes.offset_um.T
    u_x = np.cos(turn) * x - np.sin(turn) * y
    u_y = np.sin(turn) * x + np.cos(turn) * y
    phi = -nodes.stage_y_um * per_um
    cos, sin = np.cos(phi), np.sin(phi)
    by_pivot = -nodes.stage_y_um * scale * u_x
    slopes = np.array(
        [
            [u_x * cos, -by_pivot * sin, -scale * u_y * cos],
            [u_x * sin, by_pivot * cos, u_x - scale * u_y * sin],
        ]
    ).transpose(2, 0, 1)
    predicted = np.stack([scale * u_x * cos, u_y + scale * u_x * sin], axis=1)
    return slopes, nodes.moved_um - predicted


def _left_out_um(nodes: _Nodes, unknowns: int) -> float:
    """Rms of nodes by fits without their tile's; of one fit to all where tiles are few."""
    folds = nodes.tile % FOLDS if len(np.unique(nodes.tile)) >= FOLDS else None
    if folds is None:
        return _rms_um(nodes, _fit(nodes, unknowns))
    squares = [
        _rms_um(nodes[folds == fold], _fit(nodes[folds != fold], unknowns)) ** 2
        * np.mean(folds == fold)
        for fold in np.unique(folds)
    ]
    return float(np.sqrt(np.sum(squares)))


def _rms_um(nodes: _Nodes, model: StageModel) -> float:
    per_um = 1 / model.pivot_um if model.pivot_um else 0.0
    errors = _linear(nodes, np.array([model.scale_x, per_um, model.turn_rad]))[1]
    return float(np.sqrt(np.mean(np.sum(errors**2, axis=1))))


def _tile_offset(tile: TileOptics, x_px: float, y_px: float) -> tuple[float, float]:
    centre = np.array([tile.width_px / 2, tile.height_px / 2])
    u = -tile.matrix_um @ (np.array([x_px, y_px]) - centre)
    return float(u[0]), float(u[1])


def _lattice_scale(tiles: dict[str, TileOptics], placed: dict[str, Placed]) -> float | None:
    anchor = min((tiles[name] for name in placed), key=lambda tile: tile.index, default=None)
    if anchor is None:
        return None
    sites = np.array([(p.column, p.row) for p in placed.values()], dtype=float)
    sites -= sites.mean(axis=0)
    if len(sites) < 4 or np.linalg.matrix_rank(sites) < 2:
        return None
    steps = np.array([lattice_step(anchor, tiles[name]) for name in placed])
    steps -= steps.mean(axis=0)
    basis, *_ = np.linalg.lstsq(sites, steps, rcond=None)
    column = abs(basis[0, 0]) / anchor.width_px
    row = abs(basis[1, 1]) / anchor.height_px
    return float(column / row) if row > 0 else None
