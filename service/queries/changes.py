"""What every write leaves behind: a newer revision of its grid, fresh counts, and an event."""

from collections.abc import Mapping
from statistics import median
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ingest.records import TileState
from service.tables import AtlasRow, Base, EventRow, GridRow, SquareRow, SquareStatus, TileRow
from service.tables import utc_now as now

USABLE_OVERALL = 3.0
"""Overall score from which a square counts as usable."""

EVENT_LOCK = 7_205_759
"""Key of the Postgres lock under which events get their numbers in the order they are committed."""


def assign(row: Base, values: Mapping[str, object]) -> bool:
    """Set a row's attributes to new values.

    Returns:
        Whether any of them was different.
    """
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in changed.items():
        setattr(row, name, value)
    return bool(changed)


def lock_grid(db: Session, grid_id: UUID) -> GridRow:
    """Get a grid for writing: other writers of the same grid wait until this transaction ends."""
    return db.scalars(
        sa.select(GridRow)
        .where(GridRow.id == grid_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def touch_grid(db: Session, grid: GridRow) -> None:
    """Give a grid its next revision and count its current atlas anew."""
    db.flush()
    atlas = find_current_atlas(db, grid.id)
    grid.atlas_id = atlas.id if atlas else None
    grid.film_level = atlas.film_level if atlas else None
    grid.tiles_planned = atlas.tiles_planned if atlas else None
    if atlas is not None:
        _count_tiles(db, grid, atlas.id)
        _count_squares(db, grid, atlas.id)
    grid.revision += 1
    grid.updated_at = now()


def find_current_atlas(db: Session, grid_id: UUID) -> AtlasRow | None:
    """Find the newest atlas of a grid that has a placed tile; before there is one, the newest."""
    placed = sa.exists().where(TileRow.atlas_id == AtlasRow.id, TileRow.state == TileState.PLACED)
    return db.scalars(
        sa.select(AtlasRow)
        .where(AtlasRow.grid_id == grid_id)
        .order_by(sa.case((placed, 1), else_=0).desc(), AtlasRow.epu_atlas_id.desc())
        .limit(1)
    ).one_or_none()


def add_event(
    db: Session,
    kind: str,
    *,
    actor: str,
    grid_id: UUID | None = None,
    subject_id: object = None,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Record that something happened; the last thing a transaction does.

    Args:
        db: the writing transaction.
        kind: what, as `subject.verb`.
        actor: who: a token's name, an author, a process.
        grid_id: the grid it belongs to.
        subject_id: id of the row it is about.
        detail: what else is worth knowing, as JSON.
    """
    if db.get_bind().dialect.name == "postgresql":
        # numbers are handed out before commit: without the lock a reader could miss a late one
        db.execute(sa.select(sa.func.pg_advisory_xact_lock(EVENT_LOCK)))
    subject = None if subject_id is None else str(subject_id)
    db.add(
        EventRow(
            kind=kind,
            actor=actor,
            grid_id=grid_id,
            subject_id=subject,
            detail=dict(detail or {}),
        )
    )
    db.flush()


def _count_tiles(db: Session, grid: GridRow, atlas_id: UUID) -> None:
    question = (
        sa.select(TileRow.state, sa.func.count())
        .where(TileRow.atlas_id == atlas_id)
        .group_by(TileRow.state)
    )
    counts = dict(db.execute(question).all())
    grid.tiles_placed = counts.get(TileState.PLACED, 0)
    grid.tiles_waiting = counts.get(TileState.WAITING, 0)
    grid.tiles_failed = counts.get(TileState.FAILED, 0)


def _count_squares(db: Session, grid: GridRow, atlas_id: UUID) -> None:
    rows = db.execute(
        sa.select(SquareRow.status, SquareRow.complete, SquareRow.overall).where(
            SquareRow.atlas_id == atlas_id, SquareRow.retired.is_(False)
        )
    ).all()
    with_score = (SquareStatus.SCORED, SquareStatus.PARTIAL)
    scores = [row.overall for row in rows if row.status in with_score and row.overall is not None]
    grid.squares = len(rows)
    grid.squares_scored = len(scores)
    grid.squares_usable = sum(
        row.status is SquareStatus.SCORED
        and row.complete
        and row.overall is not None
        and row.overall >= USABLE_OVERALL
        for row in rows
    )
    grid.best_overall = max(scores, default=None)
    grid.median_overall = median(scores) if scores else None
