"""Answers about squares: the rows of the ranked list."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from ingest.records import StageSource
from service.schemas.base import Answer
from service.tables import SquareStatus


class SquareLabel(Answer):
    """The newest label of a square."""

    id: UUID
    author: str
    brightness: float | None
    squareness: float | None
    cracking: float | None
    contamination: float | None
    overall: float | None
    created_at: datetime


class SquareAnswer(Answer):
    """One grid square with its score.

    Scores go from 0 to 4. Overall, brightness and squareness: 4 is best. Cracking and contamination
    are severities: 0 is none.
    """

    id: UUID
    epu_node_id: int | None
    grid_id: UUID
    atlas_id: UUID
    tile_id: UUID
    rank: int | None = Field(description="1 = best of the whole atlas; None once retired")
    overall: float | None
    overall_sd: float | None
    brightness: float | None
    brightness_sd: float | None
    squareness: float | None
    squareness_sd: float | None
    cracking: float | None
    cracking_sd: float | None
    contamination: float | None
    contamination_sd: float | None
    overall_norm: float | None = Field(description="overall / 4, for readers of 0 to 1")
    status: SquareStatus
    model_id: str | None
    reason: str | None
    center_x_px: float
    center_y_px: float
    width_px: float
    height_px: float
    rotation_deg: float
    corners_px: list[list[float]] = Field(description="four [x, y]")
    stage_x_um: float
    stage_y_um: float
    stage_z_um: float | None
    stage_residual_um: float | None
    stage_source: StageSource
    aligned_stage_x_um: float | None
    aligned_stage_y_um: float | None
    complete: bool
    coverage: float
    on_rim: bool
    retired: bool = Field(description="no longer seen; kept for its labels and decisions")
    epu_category: int | None
    decision: str | None = Field(description="take, skip or None")
    position: int | None = Field(description="place in the operator's own order, from 1")
    label: SquareLabel | None
    thumbnail_url: str | None
    image_url: str | None
    attention_cracking_url: str | None
    attention_contamination_url: str | None


class SquareSetAnswer(Answer):
    """What became of a set of squares."""

    ids: list[UUID] = Field(description="the squares' ids, in the order of the set")
    waiting: int = Field(description="how many of them wait for a score")
