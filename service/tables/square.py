"""Square, its predictions, the models that made them, and small pictures."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ingest.records import StageSource
from service.tables.base import Base, between, enum_column, new_id, utc_now


class SquareStatus(StrEnum):
    """How far a square's score is to be trusted."""

    WAITING = "waiting"
    SCORED = "scored"
    PARTIAL = "partial"
    FAILED = "failed"
    OUT_OF_DOMAIN = "out_of_domain"


class BlobRow(Base):
    """A picture by the sha256 of its bytes; without `data` it is a file of the data folder."""

    __tablename__ = "blob"
    __table_args__ = (sa.CheckConstraint("length(sha256) = 64", name="sha256_length"),)

    sha256: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    media_type: Mapped[str] = mapped_column(sa.String(64))
    size: Mapped[int]
    width_px: Mapped[int]
    height_px: Mapped[int]
    data: Mapped[bytes | None] = mapped_column(deferred=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class ModelRow(Base):
    """A network's weights, named by their hash; one of them is current."""

    __tablename__ = "model"
    __table_args__ = (
        sa.Index(
            "uq_model_current",
            "current",
            unique=True,
            sqlite_where=sa.text("current"),
            postgresql_where=sa.text("current"),
        ),
    )

    id: Mapped[str] = mapped_column(sa.String(128), primary_key=True)
    sha256: Mapped[str] = mapped_column(sa.String(64))
    card: Mapped[dict[str, object]] = mapped_column(sa.JSON)
    current: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    promoted_at: Mapped[datetime | None]


class SquareRow(Base):
    """A grid square of an atlas.

    `wanted_input` names what its score should be made of (crop, full scale, film and vacuum level),
    None while it cannot be scored; `scored_input` and `model_id` what the score in `prediction` was
    made of. Where they differ, or `model_id` is not the current model, it needs scoring.
    """

    __tablename__ = "square"
    __table_args__ = (
        between("overall", 0, 4),
        between("coverage", 0, 1),
        sa.Index("ix_square_ranked", "atlas_id", "retired", "status", "overall"),
        sa.Index("ix_square_tile", "tile_id"),
        sa.UniqueConstraint("atlas_id", "epu_node_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    atlas_id: Mapped[UUID] = mapped_column(sa.ForeignKey("atlas.id", ondelete="CASCADE"))
    tile_id: Mapped[UUID] = mapped_column(sa.ForeignKey("tile.id", ondelete="CASCADE"))
    retired: Mapped[bool] = mapped_column(default=False)

    center_x_px: Mapped[float]
    center_y_px: Mapped[float]
    width_px: Mapped[float]
    height_px: Mapped[float]
    rotation_deg: Mapped[float]
    corners_px: Mapped[list[list[float]]] = mapped_column(sa.JSON)
    stage_x_um: Mapped[float]
    stage_y_um: Mapped[float]
    stage_z_um: Mapped[float | None]
    stage_residual_um: Mapped[float | None]
    stage_source: Mapped[StageSource] = mapped_column(enum_column(StageSource, "stage_source"))
    aligned_stage_x_um: Mapped[float | None]
    aligned_stage_y_um: Mapped[float | None]
    complete: Mapped[bool]
    coverage: Mapped[float]
    on_rim: Mapped[bool]
    epu_node_id: Mapped[int | None] = mapped_column(sa.BigInteger())
    epu_category: Mapped[int | None]
    epu_quality: Mapped[float | None]
    crop_sha256: Mapped[str | None] = mapped_column(sa.String(64))
    crop_full_scale: Mapped[float | None]
    thumbnail_sha256: Mapped[str | None] = mapped_column(sa.String(64))

    status: Mapped[SquareStatus] = mapped_column(
        enum_column(SquareStatus, "status"), default=SquareStatus.WAITING
    )
    overall: Mapped[float | None]
    reason: Mapped[str | None]
    model_id: Mapped[str | None] = mapped_column(sa.ForeignKey("model.id"))
    wanted_input: Mapped[str | None]
    scored_input: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)


class PredictionRow(Base):
    """What one model said of one square, from its newest crop."""

    __tablename__ = "prediction"
    __table_args__ = (
        between("brightness", 0, 4),
        between("squareness", 0, 4),
        between("cracking", 0, 4),
        between("contamination", 0, 4),
        between("overall", 0, 4),
        sa.CheckConstraint(
            "status NOT IN ('scored', 'partial') OR overall IS NOT NULL", name="scored_has_overall"
        ),
        sa.CheckConstraint("status != 'waiting'", name="is_a_result"),
        sa.UniqueConstraint("square_id", "model_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    square_id: Mapped[UUID] = mapped_column(sa.ForeignKey("square.id", ondelete="CASCADE"))
    model_id: Mapped[str] = mapped_column(sa.ForeignKey("model.id"))
    status: Mapped[SquareStatus] = mapped_column(enum_column(SquareStatus, "status"))
    reason: Mapped[str | None]
    brightness: Mapped[float | None]
    brightness_sd: Mapped[float | None]
    squareness: Mapped[float | None]
    squareness_sd: Mapped[float | None]
    cracking: Mapped[float | None]
    cracking_sd: Mapped[float | None]
    contamination: Mapped[float | None]
    contamination_sd: Mapped[float | None]
    overall: Mapped[float | None]
    overall_sd: Mapped[float | None]
    attention_cracking_sha256: Mapped[str | None] = mapped_column(sa.String(64))
    attention_contamination_sha256: Mapped[str | None] = mapped_column(sa.String(64))
    scored_input: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
