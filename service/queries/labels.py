"""Labels: added in bulk, all or nothing; the newest of each author stands."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.errors import ConflictError, InvalidError, NotFoundError
from service.queries.changes import add_event, lock_grid, touch_grid
from service.queries.counting import count
from service.schemas import LabelAnswer, LabelQuestion, LabelRequest, Page
from service.tables import AtlasRow, GridRow, LabelRow, SessionRow, SquareRow, new_id, utc_now

GRADES = ("brightness", "squareness", "cracking", "contamination", "overall")


def add_labels(db: Session, requests: Sequence[LabelRequest], actor: str) -> Page[LabelAnswer]:
    """Store labels; the same `client_id` again answers with what is stored.

    Returns:
        The stored labels in the order of the requests.

    Raises:
        InvalidError: if a row names no square; nothing is stored then.
    """
    squares = [_find_square_id(db, request) for request in requests]
    unknown = [i for i, square_id in enumerate(squares) if square_id is None]
    if unknown:
        raise InvalidError(
            f"rows {', '.join(map(str, unknown))}: no such square",
            [{"row": i, "field": _key_field(requests[i])} for i in unknown],
        )
    known = [square_id for square_id in squares if square_id is not None]
    for grid_id in _list_grids(db, known):
        lock_grid(db, grid_id)
    rows = [
        _add_label(db, i, request, square_id)
        for i, (request, square_id) in enumerate(zip(requests, known, strict=True))
    ]
    _leave_traces(db, "labels.add", rows, actor)
    return Page(items=[LabelAnswer.model_validate(row) for row in rows], total=len(rows))


def list_labels(db: Session, ask: LabelQuestion) -> Page[LabelAnswer]:
    """List labels, newest first."""
    question = sa.select(LabelRow)
    if ask.grid_id is not None:
        question = question.where(LabelRow.square_id.in_(_squares_of(ask.grid_id)))
    if ask.square_id is not None:
        question = question.where(LabelRow.square_id == ask.square_id)
    if ask.author is not None:
        question = question.where(LabelRow.author == ask.author)
    if not ask.superseded:
        question = question.where(LabelRow.superseded_at.is_(None))
    total = count(db, question)
    ordered = question.order_by(LabelRow.created_at.desc(), LabelRow.id)
    rows = db.scalars(ordered.limit(ask.limit).offset(ask.offset))
    return Page(items=[LabelAnswer.model_validate(row) for row in rows], total=total)


def withdraw_label(db: Session, label_id: UUID, actor: str) -> None:
    """Take a label back; it stays in the history.

    Raises:
        NotFoundError: if there is no such label.
    """
    row = db.get(LabelRow, label_id)
    if row is None:
        raise NotFoundError(f"no label {label_id}")
    if row.superseded_at is None:
        row.superseded_at = utc_now()
        _leave_traces(db, "labels.withdraw", [row], actor)


def _add_label(db: Session, i: int, request: LabelRequest, square_id: UUID) -> LabelRow:
    stored = db.scalars(
        sa.select(LabelRow).where(LabelRow.client_id == request.client_id)
    ).one_or_none()
    grades = {name: getattr(request, name) for name in GRADES}
    if stored is not None:
        same = {name: getattr(stored, name) for name in GRADES} == grades
        if not same or stored.square_id != square_id or stored.author != request.author:
            raise ConflictError(
                f"row {i}: client_id {request.client_id!r} is taken by another label",
                [{"row": i, "field": "client_id"}],
            )
        return stored
    row = LabelRow(
        id=new_id(),
        client_id=request.client_id,
        square_id=square_id,
        author=request.author,
        **grades,
    )
    db.add(row)
    db.flush()
    db.execute(
        sa.update(LabelRow)
        .where(
            LabelRow.square_id == square_id,
            LabelRow.author == request.author,
            LabelRow.superseded_at.is_(None),
            LabelRow.id != row.id,
        )
        .values(superseded_at=utc_now(), superseded_by=row.id)
    )
    return row


def _find_square_id(db: Session, request: LabelRequest) -> UUID | None:
    if request.square_id is not None:
        return db.scalar(sa.select(SquareRow.id).where(SquareRow.id == request.square_id))
    return db.scalar(
        sa.select(SquareRow.id)
        .join(AtlasRow, AtlasRow.id == SquareRow.atlas_id)
        .join(GridRow, GridRow.id == AtlasRow.grid_id)
        .join(SessionRow, SessionRow.id == GridRow.session_id)
        .where(
            SessionRow.key == request.session_key,
            GridRow.sample == request.sample,
            AtlasRow.epu_atlas_id == request.epu_atlas_id,
            SquareRow.epu_node_id == request.epu_node_id,
        )
    )


def _key_field(request: LabelRequest) -> str:
    return "square_id" if request.square_id is not None else "epu_node_id"


def _squares_of(grid_id: UUID) -> sa.Select[UUID]:
    return (
        sa.select(SquareRow.id)
        .join(AtlasRow, AtlasRow.id == SquareRow.atlas_id)
        .where(AtlasRow.grid_id == grid_id)
    )


def _list_grids(db: Session, square_ids: Sequence[UUID]) -> list[UUID]:
    question = (
        sa.select(AtlasRow.grid_id)
        .join(SquareRow, SquareRow.atlas_id == AtlasRow.id)
        .where(SquareRow.id.in_(square_ids))
        .distinct()
    )
    return sorted(db.scalars(question))


def _leave_traces(db: Session, kind: str, rows: Sequence[LabelRow], actor: str) -> None:
    for grid_id in _list_grids(db, [row.square_id for row in rows]):
        touch_grid(db, lock_grid(db, grid_id))
        detail: dict[str, object] = {"labels": [str(row.id) for row in rows]}
        add_event(db, kind, actor=actor, grid_id=grid_id, detail=detail)
