"""Stage positions of squares by EPU's stage model, calibrated from Atlas.dm nodes.

For a pixel p of a tile with centre c, taken at stage (X0, Y0) with image-to-stage matrix M (binning
included), as EPU 3.4 and 3.7 do:
`u = -M (p - c); X = X0 + s u_x cos(phi); Y = Y0 + u_y + s u_x sin(phi); phi = -Y0 / L`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ingest.place import Placed, TileOptics, lattice_step
from ingest.records import StageSource

PIVOT_UM = 35_000.0
"""Rod pivot of the Krios whose atlases were measured (EPU 3.4 and 3.7)."""

NOMINAL_RESIDUAL_UM = 6.0
"""Largest error of the uncalibrated model, at a tile's edge."""


@dataclass(frozen=True)
class StageModel:
    """X scale and pivot of a stage, and how well they are known."""

    scale_x: float
    pivot_um: float | None
    source: StageSource
    residual_um: float

    def position(self, tile: TileOptics, x_px: float, y_px: float) -> tuple[float, float]:
        """Stage x, y (micrometres) of a point of a tile; its first pixel's corner is 0, 0."""
        u_x, u_y = _tile_offset(tile, x_px, y_px)
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
    """Least-squares X scale and pivot from Atlas.dm nodes; None with fewer than eight."""
    if len(samples) < 8:
        return None
    u = np.array([_tile_offset(s.tile, s.x_px, s.y_px) for s in samples])
    moved = np.array([np.subtract(s.stage_um, s.tile.stage_um) for s in samples])
    stage_y = np.array([s.tile.stage_um[1] for s in samples])
    scale = float((u[:, 0] @ moved[:, 0]) / (u[:, 0] @ u[:, 0]))
    turn = -stage_y * scale * u[:, 0]
    per_um = float(turn @ (moved[:, 1] - u[:, 1]) / (turn @ turn)) if np.any(turn) else 0.0
    model = StageModel(scale, 1 / per_um if per_um else None, StageSource.EPU_NODES, 0.0)
    errors = [np.subtract(model.position(s.tile, s.x_px, s.y_px), s.stage_um) for s in samples]
    residual = float(np.sqrt(np.mean(np.sum(np.square(errors), axis=1))))
    return StageModel(model.scale_x, model.pivot_um, model.source, residual)


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
