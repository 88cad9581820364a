"""Writes of ingest: session, grid, atlas and tile, each idempotent by its natural key."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ingest.records import AtlasRecord, GridRecord, SessionRecord, TileRecord
from service.job_queue import ScoreRequest
from service.queries.changes import add_event, assign, lock_grid, touch_grid
from service.queries.parents import (
    get_or_add_atlas,
    get_or_add_grid,
    get_or_add_session,
    get_or_add_tiles,
)
from service.queries.scores import list_score_requests, scoring_levels
from service.schemas import Stored
from service.scoring_input import Levels, input_key, next_scoring_levels, rounded_pitch
from service.tables import AtlasRow, SquareRow, utc_now


def put_session(db: Session, record: SessionRecord, actor: str) -> Stored:
    """Store what is known of a session."""
    row = get_or_add_session(db, record.key)
    changed = assign(row, record.model_dump(exclude={"key"}))
    if changed:
        row.updated_at = utc_now()
        add_event(db, "session.put", actor=actor, subject_id=row.id)
    return Stored(id=str(row.id), changed=changed)


def put_grid(db: Session, record: GridRecord, actor: str) -> Stored:
    """Store what is known of a grid."""
    found = get_or_add_grid(db, record.session_key, record.sample)
    row = lock_grid(db, found.id)
    changed = assign(row, record.model_dump(exclude={"session_key", "sample"}))
    if changed:
        touch_grid(db, row)
        add_event(db, "grid.put", actor=actor, grid_id=row.id, subject_id=row.id)
    return Stored(id=str(row.id), changed=changed)


def put_atlas(
    db: Session, record: AtlasRecord, actor: str
) -> tuple[Stored, Sequence[ScoreRequest]]:
    """Store what is known of an atlas; a moved film level makes its squares' scores stale.

    Returns:
        The answer, and the scores to ask for once the transaction is committed.
    """
    row = get_or_add_atlas(db, record.key)
    grid = lock_grid(db, row.grid_id)
    changed = assign(row, record.model_dump(exclude={"key"}))
    if changed:
        row.updated_at = utc_now()
        _follow_levels(db, row)
        touch_grid(db, grid)
        add_event(db, "atlas.put", actor=actor, grid_id=grid.id, subject_id=row.id)
    return Stored(id=str(row.id), changed=changed), list_score_requests(db, row.id)


def put_tile(db: Session, record: TileRecord, actor: str) -> Stored:
    """Store what is known of a tile."""
    atlas = get_or_add_atlas(db, record.atlas)
    grid = lock_grid(db, atlas.grid_id)
    row = get_or_add_tiles(db, atlas.id, [record.name])[record.name]
    values = record.model_dump(exclude={"atlas", "name", "images"})
    changed = assign(row, {**values, "images": list(record.images)})
    if changed:
        row.updated_at = utc_now()
        touch_grid(db, grid)
        detail: dict[str, object] = {"name": row.name, "state": row.state, "reason": row.reason}
        add_event(db, "tile.put", actor=actor, grid_id=grid.id, subject_id=row.id, detail=detail)
    return Stored(id=str(row.id), changed=changed)


def _follow_levels(db: Session, atlas: AtlasRow) -> None:
    pitch_um = rounded_pitch(atlas.mesh_pitch_um)
    reported = Levels(atlas.film_level, atlas.vacuum_level, pitch_um)
    levels = next_scoring_levels(scoring_levels(atlas), reported, complete=atlas.complete)
    if levels == scoring_levels(atlas):
        return
    atlas.scoring_film_level, atlas.scoring_vacuum_level = levels.film, levels.vacuum
    atlas.scoring_mesh_pitch_um = levels.pitch_um
    _want_scores(db, atlas.id, levels)


def _want_scores(db: Session, atlas_id: UUID, levels: Levels) -> None:
    for square in db.scalars(sa.select(SquareRow).where(SquareRow.atlas_id == atlas_id)):
        square.wanted_input = input_key(square.crop_sha256, square.crop_full_scale, levels)
