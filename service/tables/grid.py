"""Session, grid, atlas and tile: what the microscope did, as ingest tells it."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ingest.records import FrameSource, GridState, TileState
from service.tables.base import Base, enum_column, new_id, utc_now


class SessionRow(Base):
    """A screening session."""

    __tablename__ = "session"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    key: Mapped[str] = mapped_column(sa.String(255), unique=True)
    name: Mapped[str | None]
    started_at: Mapped[datetime | None]
    instrument_id: Mapped[str | None]
    instrument_model: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)


class GridRow(Base):
    """An autoloader position, with the counts of its current atlas kept by the writers."""

    __tablename__ = "grid"
    __table_args__ = (sa.UniqueConstraint("session_id", "sample"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    session_id: Mapped[UUID] = mapped_column(sa.ForeignKey("session.id", ondelete="CASCADE"))
    sample: Mapped[int]
    slot: Mapped[int | None]
    name: Mapped[str | None]
    state: Mapped[GridState] = mapped_column(
        enum_column(GridState, "state"), default=GridState.IDLE
    )
    percent: Mapped[float | None]
    revision: Mapped[int] = mapped_column(default=0)
    # the current atlas; no foreign key, because atlas already points at grid
    atlas_id: Mapped[UUID | None]
    tiles_planned: Mapped[int | None]
    tiles_placed: Mapped[int] = mapped_column(default=0)
    tiles_waiting: Mapped[int] = mapped_column(default=0)
    tiles_failed: Mapped[int] = mapped_column(default=0)
    squares: Mapped[int] = mapped_column(default=0)
    squares_scored: Mapped[int] = mapped_column(default=0)
    squares_usable: Mapped[int] = mapped_column(default=0)
    best_overall: Mapped[float | None]
    median_overall: Mapped[float | None]
    film_level: Mapped[float | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)


class AtlasRow(Base):
    """One acquisition of a grid's atlas.

    `film_level` is what ingest says now; `scoring_film_level` is what squares are scored with: it
    follows when the level has moved enough to change scores, and exactly once the atlas is done.
    """

    __tablename__ = "atlas"
    __table_args__ = (sa.UniqueConstraint("grid_id", "epu_atlas_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    grid_id: Mapped[UUID] = mapped_column(sa.ForeignKey("grid.id", ondelete="CASCADE"))
    epu_atlas_id: Mapped[int] = mapped_column(sa.BigInteger())
    tiles_planned: Mapped[int | None]
    pixel_nm: Mapped[float | None]
    width_px: Mapped[int | None]
    height_px: Mapped[int | None]
    frame_source: Mapped[FrameSource] = mapped_column(
        enum_column(FrameSource, "frame_source"), default=FrameSource.NOMINAL
    )
    film_level: Mapped[float | None]
    vacuum_level: Mapped[float | None]
    full_scale: Mapped[float | None]
    scoring_film_level: Mapped[float | None]
    scoring_vacuum_level: Mapped[float | None]
    scoring_mesh_pitch_um: Mapped[float | None]
    mesh_pitch_um: Mapped[float | None]
    mesh_rotation_deg: Mapped[float | None]
    complete: Mapped[bool] = mapped_column(default=False)
    acquired_at: Mapped[datetime | None]
    camera: Mapped[str | None]
    magnification: Mapped[float | None]
    voltage_kv: Mapped[float | None]
    stage_scale_x: Mapped[float | None]
    stage_pivot_mm: Mapped[float | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)


class TileRow(Base):
    """One tile of an atlas, or a placeholder for one that only its squares have named yet."""

    __tablename__ = "tile"
    __table_args__ = (sa.UniqueConstraint("atlas_id", "name"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    atlas_id: Mapped[UUID] = mapped_column(sa.ForeignKey("atlas.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(sa.String(255))
    epu_tile_id: Mapped[int | None] = mapped_column(sa.BigInteger())
    index: Mapped[int | None]
    state: Mapped[TileState] = mapped_column(
        enum_column(TileState, "state"), default=TileState.WAITING
    )
    reason: Mapped[str | None]
    dark: Mapped[bool] = mapped_column(default=False)
    pixels_from: Mapped[str | None]
    camera_width_px: Mapped[int | None]
    camera_height_px: Mapped[int | None]
    pixel_nm: Mapped[float | None]
    binning: Mapped[int | None]
    stage_x_um: Mapped[float | None]
    stage_y_um: Mapped[float | None]
    stage_z_um: Mapped[float | None]
    acquired_at: Mapped[datetime | None]
    dose_per_px: Mapped[float | None]
    column: Mapped[int | None]
    row: Mapped[int | None]
    x_px: Mapped[float | None]
    y_px: Mapped[float | None]
    width_px: Mapped[float | None]
    height_px: Mapped[float | None]
    images: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)
