"""Labels: added in bulk, all or nothing; the newest of each author stands."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.errors import NotFoundError
from service.queries.changes import add_event, lock_grid, touch_grid
from service.queries.counting import count
from service.queries.replays import add_once, require_all
from service.schemas import LabelAnswer, LabelQuestion, LabelRequest, Page
from service.tables import AtlasRow, GridRow, LabelRow, SessionRow, SquareRow, new_id, utc_now

GRADES = ("brightness", "squareness", "cracking", "contamination", "overall")


def add_labels(db: Session, requests: Sequence[LabelRequest], actor: str) -> Page[LabelAnswer]:
    """Store labels; the same `client_id` again answers with what is stored.

    A row that names no square, also one that goes meanwhile, is an `InvalidError`; a
    `client_id` that is taken by another row is a `ConflictError`.

    Returns:
        The stored labels in the order of the requests.
    """
    for grid_id in _list_grids(db, _find_squares(db, requests)):
        lock_grid(db, grid_id)
    squares = _find_squares(db, requests)  # some may have gone while the locks were waited for
    said = [_columns(request, square) for request, square in zip(requests, squares, strict=True)]
    rows, new = add_once(db, LabelRow, said, _add_label)
    _leave_traces(db, "labels.add", new, actor)
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
    for grid_id in _list_grids(db, [row.square_id]):
        lock_grid(db, grid_id)
    db.refresh(row)
    if row.superseded_at is None:
        row.superseded_at = utc_now()
        _leave_traces(db, "labels.withdraw", [row], actor)


def _columns(request: LabelRequest, square_id: UUID) -> dict[str, object]:
    said = request.model_dump(include={"client_id", "author", *GRADES})
    return said | {"square_id": square_id}


def _add_label(db: Session, said: Mapping[str, object]) -> LabelRow:
    row = LabelRow(id=new_id(), **said)
    db.add(row)
    db.flush()
    db.execute(
        sa.update(LabelRow)
        .where(
            LabelRow.square_id == row.square_id,
            LabelRow.author == row.author,
            LabelRow.superseded_at.is_(None),
            LabelRow.id != row.id,
        )
        .values(superseded_at=utc_now(), superseded_by=row.id)
    )
    return row


def _find_squares(db: Session, requests: Sequence[LabelRequest]) -> list[UUID]:
    """Find the square of each label; a row that names none is an `InvalidError`."""
    squares = [_find_square_id(db, request) for request in requests]
    return require_all(squares, [_key_field(request) for request in requests], "square")


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
