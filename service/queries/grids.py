"""Sessions, grids, atlases and tiles, as lists and one by one."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.errors import NotFoundError
from service.queries.counting import count
from service.queries.square_answers import picture_url
from service.schemas import (
    AtlasAnswer,
    GridAnswer,
    ImageAnswer,
    Page,
    SessionAnswer,
    TileAnswer,
)
from service.tables import AtlasRow, Base, BlobRow, GridRow, SessionRow, TileRow


def list_sessions(db: Session, limit: int, offset: int) -> Page[SessionAnswer]:
    """List sessions, the newest first."""
    rows = db.execute(
        _sessions().order_by(_started().desc(), SessionRow.key).limit(limit).offset(offset)
    )
    items = [_session_answer(row, grids) for row, grids in rows]
    return Page(items=items, total=count(db, sa.select(SessionRow)))


def get_session(db: Session, session_id: UUID) -> SessionAnswer:
    """Get a session.

    Raises:
        NotFoundError: if there is no such session.
    """
    found = db.execute(_sessions().where(SessionRow.id == session_id)).one_or_none()
    if found is None:
        raise NotFoundError(f"no session {session_id}")
    return _session_answer(*found)


def list_grids(db: Session, session_id: UUID | None, limit: int, offset: int) -> Page[GridAnswer]:
    """List grids in the order of their autoloader positions, newest session first."""
    question = sa.select(GridRow).join(SessionRow, SessionRow.id == GridRow.session_id)
    if session_id is not None:
        question = question.where(GridRow.session_id == session_id)
    total = count(db, question)
    ordered = question.order_by(_started().desc(), SessionRow.key, GridRow.sample)
    rows = db.scalars(ordered.limit(limit).offset(offset))
    return Page(items=[_grid_answer(row) for row in rows], total=total)


def get_grid(db: Session, grid_id: UUID) -> GridAnswer:
    """Get a grid.

    Raises:
        NotFoundError: if there is no such grid.
    """
    row = db.get(GridRow, grid_id)
    if row is None:
        raise NotFoundError(f"no grid {grid_id}")
    return _grid_answer(row)


def list_atlases(db: Session, grid_id: UUID) -> Page[AtlasAnswer]:
    """List a grid's atlases, newest first."""
    get_grid(db, grid_id)
    rows = db.scalars(
        sa.select(AtlasRow)
        .where(AtlasRow.grid_id == grid_id)
        .order_by(AtlasRow.epu_atlas_id.desc())
    )
    items = [_atlas_answer(row) for row in rows]
    return Page(items=items, total=len(items))


def get_atlas(db: Session, atlas_id: UUID) -> AtlasAnswer:
    """Get an atlas.

    Raises:
        NotFoundError: if there is no such atlas.
    """
    row = db.get(AtlasRow, atlas_id)
    if row is None:
        raise NotFoundError(f"no atlas {atlas_id}")
    return _atlas_answer(row)


def list_tiles(db: Session, atlas_id: UUID, limit: int, offset: int) -> Page[TileAnswer]:
    """List an atlas's tiles in the order of acquisition."""
    get_atlas(db, atlas_id)
    question = sa.select(TileRow).where(TileRow.atlas_id == atlas_id)
    total = count(db, question)
    ordered = question.order_by(TileRow.index.asc().nulls_last(), TileRow.name)
    rows = db.scalars(ordered.limit(limit).offset(offset)).all()
    sizes = _picture_sizes(db, [digest for row in rows for digest in row.images])
    return Page(items=[_tile_answer(row, sizes) for row in rows], total=total)


def get_tile_image(db: Session, tile_id: UUID, level: int) -> str:
    """Get the hash of a tile's display image; level 0 is the full size.

    Raises:
        NotFoundError: if there is no such tile or level.
    """
    row = db.get(TileRow, tile_id)
    if row is None:
        raise NotFoundError(f"no tile {tile_id}")
    if level >= len(row.images):
        raise NotFoundError(f"tile {tile_id} has {len(row.images)} image levels, not level {level}")
    return row.images[level]


def _started() -> sa.ColumnElement[object]:
    return sa.func.coalesce(SessionRow.started_at, SessionRow.created_at)


def _sessions() -> sa.Select[SessionRow, int]:
    grids = sa.select(sa.func.count()).where(GridRow.session_id == SessionRow.id).scalar_subquery()
    return sa.select(SessionRow, grids)


def _session_answer(row: SessionRow, grids: int) -> SessionAnswer:
    return SessionAnswer.model_validate(_columns(row, SessionAnswer) | {"grids": grids})


def _grid_answer(row: GridRow) -> GridAnswer:
    return GridAnswer.model_validate(row)


def _atlas_answer(row: AtlasRow) -> AtlasAnswer:
    return AtlasAnswer.model_validate(row)


def _tile_answer(row: TileRow, sizes: dict[str, tuple[int, int]]) -> TileAnswer:
    images = [
        ImageAnswer(
            url=f"{picture_url(f'/tiles/{row.id}/image', digest)}&level={level}",
            width=sizes[digest][0],
            height=sizes[digest][1],
        )
        for level, digest in enumerate(row.images)
        if digest in sizes
    ]
    return TileAnswer.model_validate(_columns(row, TileAnswer) | {"images": images})


def _columns(row: Base, answer: type[SessionAnswer | TileAnswer]) -> dict[str, object]:
    """Read the columns that an answer has in common with its row."""
    names = set(answer.model_fields) & set(sa.inspect(type(row)).columns.keys())
    return {name: getattr(row, name) for name in names}


def _picture_sizes(db: Session, digests: list[str]) -> dict[str, tuple[int, int]]:
    """Read the sizes (width, height) of pictures, in one question."""
    rows = db.execute(
        sa.select(BlobRow.sha256, BlobRow.width_px, BlobRow.height_px).where(
            BlobRow.sha256.in_(digests)
        )
    )
    return {digest: (width, height) for digest, width, height in rows}
