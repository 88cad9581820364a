"""Answers about sessions, grids, atlases and tiles."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from ingest.records import FrameSource, GridState, TileState
from service.schemas.base import Answer


class SessionAnswer(Answer):
    """A screening session."""

    id: UUID
    key: str
    name: str | None
    instrument_id: str | None
    instrument_model: str | None
    started_at: datetime | None
    updated_at: datetime
    grids: int = Field(description="number of its grids")


class GridAnswer(Answer):
    """A grid and the counts of its current atlas."""

    id: UUID
    session_id: UUID
    sample: int
    slot: int | None
    name: str | None
    state: GridState
    percent: float | None
    revision: int = Field(description="grows with every change of the grid's ranked list")
    atlas_id: UUID | None = Field(description="the current atlas: the newest with placed tiles")
    tiles_planned: int | None
    tiles_placed: int
    tiles_waiting: int
    tiles_failed: int
    squares: int
    squares_scored: int = Field(description="with a score: scored or partial")
    squares_usable: int = Field(description="scored, complete and overall >= 3")
    best_overall: float | None
    median_overall: float | None
    film_level: float | None
    updated_at: datetime


class AtlasAnswer(Answer):
    """One acquisition of a grid's atlas."""

    id: UUID
    grid_id: UUID
    epu_atlas_id: int
    tiles_planned: int | None
    pixel_nm: float | None
    width_px: int | None
    height_px: int | None
    frame_source: FrameSource
    film_level: float | None
    vacuum_level: float | None
    full_scale: float | None
    scoring_film_level: float | None = Field(description="the level that squares are scored with")
    mesh_pitch_um: float | None
    mesh_rotation_deg: float | None
    complete: bool
    acquired_at: datetime | None
    camera: str | None
    magnification: float | None
    voltage_kv: float | None
    stage_scale_x: float | None
    stage_pivot_mm: float | None
    updated_at: datetime


class ImageAnswer(Answer):
    """Where a display image is to be had."""

    url: str
    width: int
    height: int


class TileAnswer(Answer):
    """One tile."""

    id: UUID
    atlas_id: UUID
    name: str
    epu_tile_id: int | None
    index: int | None
    state: TileState
    reason: str | None
    dark: bool
    pixels_from: str | None
    camera_width_px: int | None
    camera_height_px: int | None
    pixel_nm: float | None
    binning: int | None
    stage_x_um: float | None
    stage_y_um: float | None
    stage_z_um: float | None
    acquired_at: datetime | None
    dose_per_px: float | None
    column: int | None
    row: int | None
    x_px: float | None
    y_px: float | None
    width_px: float | None
    height_px: float | None
    images: list[ImageAnswer] = Field(description="full size first, each next half as large")
    updated_at: datetime
