"""Rows by their natural keys, made as placeholders when they are not there yet."""

from collections.abc import Iterable
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ingest.records import AtlasKey
from service.tables import AtlasRow, Base, GridRow, SessionRow, TileRow

UNREPORTED = "not reported yet"
"""Reason of a tile that only its squares have named."""


def get_or_add_session(db: Session, key: str) -> SessionRow:
    """Get a session by its folder's name."""
    question = sa.select(SessionRow).where(SessionRow.key == key)
    row = db.scalars(question).one_or_none()
    if row is None:
        insert_if_new(db, SessionRow, {"key": key})
        row = db.scalars(question).one()
    return row


def get_or_add_grid(db: Session, session_key: str, sample: int) -> GridRow:
    """Get a grid by its session and the number of its sample folder."""
    session = get_or_add_session(db, session_key)
    question = sa.select(GridRow).where(GridRow.session_id == session.id, GridRow.sample == sample)
    row = db.scalars(question).one_or_none()
    if row is None:
        insert_if_new(db, GridRow, {"session_id": session.id, "sample": sample})
        row = db.scalars(question).one()
    return row


def get_or_add_atlas(db: Session, key: AtlasKey) -> AtlasRow:
    """Get an atlas by its natural key."""
    grid = get_or_add_grid(db, key.session_key, key.sample)
    question = sa.select(AtlasRow).where(
        AtlasRow.grid_id == grid.id, AtlasRow.epu_atlas_id == key.epu_atlas_id
    )
    row = db.scalars(question).one_or_none()
    if row is None:
        insert_if_new(db, AtlasRow, {"grid_id": grid.id, "epu_atlas_id": key.epu_atlas_id})
        row = db.scalars(question).one()
    return row


def get_or_add_tiles(db: Session, atlas_id: UUID, names: Iterable[str]) -> dict[str, TileRow]:
    """Get tiles of one atlas by their names."""
    wanted = sorted(set(names))
    question = sa.select(TileRow).where(TileRow.atlas_id == atlas_id, TileRow.name.in_(wanted))
    rows = {row.name: row for row in db.scalars(question)}
    for name in (name for name in wanted if name not in rows):
        insert_if_new(db, TileRow, {"atlas_id": atlas_id, "name": name, "reason": UNREPORTED})
    if len(rows) < len(wanted):
        rows = {row.name: row for row in db.scalars(question)}
    return rows


def insert_if_new(db: Session, table: type[Base], values: dict[str, object]) -> None:
    """Insert a row unless its key is taken; two processes that do so at once make one row."""
    if db.get_bind().dialect.name == "postgresql":
        db.execute(postgresql.insert(table).values(values).on_conflict_do_nothing())
    else:
        db.execute(sqlite.insert(table).values(values).on_conflict_do_nothing())
