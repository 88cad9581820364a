"""Decisions of people and programs: which squares to take, to skip, in which order, and why."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.queries.changes import add_event, lock_grid, touch_grid
from service.queries.counting import count
from service.queries.grids import get_grid
from service.queries.replays import add_once, require_all
from service.schemas import DecisionAnswer, DecisionRequest, Page
from service.tables import (
    AtlasRow,
    DecisionKind,
    DecisionRow,
    GridRow,
    SquareRow,
    new_id,
    utc_now,
)

REPLACES = {
    DecisionKind.TAKE: (DecisionKind.TAKE, DecisionKind.SKIP),
    DecisionKind.SKIP: (DecisionKind.TAKE, DecisionKind.SKIP, DecisionKind.ORDER),
    DecisionKind.CLEAR: (DecisionKind.TAKE, DecisionKind.SKIP, DecisionKind.ORDER),
    DecisionKind.ORDER: (DecisionKind.ORDER,),
    DecisionKind.NOTE: (),
}
"""What a decision takes the place of: take and skip exclude each other, notes pile up."""


def add_decisions(
    db: Session, requests: Sequence[DecisionRequest], actor: str
) -> Page[DecisionAnswer]:
    """Store decisions, all or nothing; the same `client_id` again answers with what is stored.

    A row that names no square or grid, also one that goes meanwhile, is an `InvalidError`; a
    `client_id` that is taken by another row is a `ConflictError`.

    Returns:
        The stored decisions in the order of the requests.
    """
    grids = _find_grids(db, requests)
    locked = {grid_id: lock_grid(db, grid_id) for grid_id in sorted(set(grids))}
    _find_grids(db, requests)  # squares may have gone while the locks were waited for
    said = [_columns(request, grid, actor) for request, grid in zip(requests, grids, strict=True)]
    rows, new = add_once(db, DecisionRow, said, _add_decision)
    for grid_id in sorted({row.grid_id for row in new}):
        _leave_traces(db, locked[grid_id], [row for row in new if row.grid_id == grid_id], actor)
    return Page(items=[DecisionAnswer.model_validate(row) for row in rows], total=len(rows))


def list_decisions(db: Session, grid_id: UUID, limit: int, offset: int) -> Page[DecisionAnswer]:
    """List what stands for a grid, newest first."""
    get_grid(db, grid_id)
    question = sa.select(DecisionRow).where(
        DecisionRow.grid_id == grid_id, DecisionRow.superseded_at.is_(None)
    )
    total = count(db, question)
    ordered = question.order_by(DecisionRow.created_at.desc(), DecisionRow.id)
    rows = db.scalars(ordered.limit(limit).offset(offset))
    return Page(items=[DecisionAnswer.model_validate(row) for row in rows], total=total)


def _columns(request: DecisionRequest, grid_id: UUID, actor: str) -> dict[str, object]:
    said = request.model_dump(exclude={"grid_id", "actor"})
    return said | {"grid_id": grid_id, "actor": request.actor or actor}


def _add_decision(db: Session, said: Mapping[str, object]) -> DecisionRow:
    row = DecisionRow(id=new_id(), **said)
    if row.square_id is not None:
        _supersede(db, row.square_id, REPLACES[row.kind])
    if row.kind is DecisionKind.CLEAR:
        row.superseded_at = utc_now()
    db.add(row)
    db.flush()
    return row


def _supersede(db: Session, square_id: UUID, kinds: Sequence[DecisionKind]) -> None:
    db.execute(
        sa.update(DecisionRow)
        .where(
            DecisionRow.square_id == square_id,
            DecisionRow.kind.in_(kinds),
            DecisionRow.superseded_at.is_(None),
        )
        .values(superseded_at=utc_now())
    )


def _find_grids(db: Session, requests: Sequence[DecisionRequest]) -> list[UUID]:
    """Find the grid of each decision; a row that names no square or grid is an `InvalidError`."""
    grids = [_find_grid_id(db, request) for request in requests]
    return require_all(grids, [_key_field(request) for request in requests], "square or grid")


def _find_grid_id(db: Session, request: DecisionRequest) -> UUID | None:
    if request.grid_id is not None:
        return db.scalar(sa.select(GridRow.id).where(GridRow.id == request.grid_id))
    return db.scalar(
        sa.select(AtlasRow.grid_id)
        .join(SquareRow, SquareRow.atlas_id == AtlasRow.id)
        .where(SquareRow.id == request.square_id)
    )


def _key_field(request: DecisionRequest) -> str:
    return "grid_id" if request.grid_id is not None else "square_id"


def _leave_traces(db: Session, grid: GridRow, rows: Sequence[DecisionRow], actor: str) -> None:
    touch_grid(db, grid)
    detail: dict[str, object] = {
        "decisions": [{"square_id": str(row.square_id), "kind": row.kind} for row in rows]
    }
    add_event(db, "decisions.add", actor=actor, grid_id=grid.id, detail=detail)
