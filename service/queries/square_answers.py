"""Rows of a square, its prediction, decision and label become one answer."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.schemas import SquareAnswer, SquareLabel
from service.tables import DecisionKind, LabelRow, PredictionRow, SquareRow

OVERALL_MAX = 4.0


class SquareParts(NamedTuple):
    """What the tables know of one square."""

    square: SquareRow
    grid_id: UUID
    rank: int | None
    prediction: PredictionRow | None
    decision: DecisionKind | None


def build_answers(db: Session, parts: Sequence[SquareParts]) -> list[SquareAnswer]:
    """Build the answers for some squares of one atlas, with one question for all their labels."""
    if not parts:
        return []
    labels = _newest_labels(db, parts[0].square.atlas_id)
    return [_answer(part, labels.get(part.square.id)) for part in parts]


def picture_url(path: str, digest: str | None) -> str | None:
    """Make the address of a picture; with the hash in it, it caches for ever."""
    return None if digest is None else f"/api/v1{path}?v={digest[:16]}"


def _answer(part: SquareParts, label: SquareLabel | None) -> SquareAnswer:
    square, scores = part.square, part.prediction or PredictionRow()
    path = f"/squares/{square.id}"
    return SquareAnswer(
        id=square.id,
        epu_node_id=square.epu_node_id,
        grid_id=part.grid_id,
        atlas_id=square.atlas_id,
        tile_id=square.tile_id,
        rank=part.rank,
        overall=square.overall,
        overall_sd=scores.overall_sd,
        brightness=scores.brightness,
        brightness_sd=scores.brightness_sd,
        squareness=scores.squareness,
        squareness_sd=scores.squareness_sd,
        cracking=scores.cracking,
        cracking_sd=scores.cracking_sd,
        contamination=scores.contamination,
        contamination_sd=scores.contamination_sd,
        overall_norm=None if square.overall is None else square.overall / OVERALL_MAX,
        status=square.status,
        model_id=square.model_id,
        reason=square.reason,
        center_x_px=square.center_x_px,
        center_y_px=square.center_y_px,
        width_px=square.width_px,
        height_px=square.height_px,
        rotation_deg=square.rotation_deg,
        corners_px=square.corners_px,
        stage_x_um=square.stage_x_um,
        stage_y_um=square.stage_y_um,
        stage_z_um=square.stage_z_um,
        stage_residual_um=square.stage_residual_um,
        stage_source=square.stage_source,
        aligned_stage_x_um=square.aligned_stage_x_um,
        aligned_stage_y_um=square.aligned_stage_y_um,
        complete=square.complete,
        coverage=square.coverage,
        on_rim=square.on_rim,
        retired=square.retired,
        epu_category=square.epu_category,
        decision=part.decision,
        label=label,
        thumbnail_url=picture_url(f"{path}/thumbnail", square.thumbnail_sha256),
        image_url=picture_url(f"{path}/image", square.crop_sha256),
        attention_cracking_url=picture_url(
            f"{path}/attention/cracking", scores.attention_cracking_sha256
        ),
        attention_contamination_url=picture_url(
            f"{path}/attention/contamination", scores.attention_contamination_sha256
        ),
    )


def _newest_labels(db: Session, atlas_id: UUID) -> dict[UUID, SquareLabel]:
    rows = db.scalars(
        sa.select(LabelRow)
        .join(SquareRow, SquareRow.id == LabelRow.square_id)
        .where(SquareRow.atlas_id == atlas_id, LabelRow.superseded_at.is_(None))
        .order_by(LabelRow.created_at, LabelRow.id)
    )
    return {row.square_id: SquareLabel.model_validate(row) for row in rows}
