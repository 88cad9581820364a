"""The ranked list of a grid's squares, and single squares."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.errors import NotFoundError
from service.queries.counting import count
from service.queries.square_answers import Placed, answer_columns, build_answers
from service.schemas import Page, SquareAnswer, SquareQuestion
from service.tables import (
    AtlasRow,
    DecisionKind,
    DecisionRow,
    GridRow,
    PredictionRow,
    SquareRow,
    SquareStatus,
)

RANKED_STATUSES = (
    SquareStatus.SCORED,
    SquareStatus.PARTIAL,
    SquareStatus.OUT_OF_DOMAIN,
    SquareStatus.WAITING,
    SquareStatus.FAILED,
)
"""The order of the ranked list: what is sure comes first."""

_REVISION = sa.select(GridRow.revision).where(GridRow.id == sa.bindparam("id"))


def get_list_state(db: Session, grid_id: UUID) -> tuple[int, UUID | None]:
    """Get a grid's revision and current atlas: all that says whether its list has changed.

    Raises:
        NotFoundError: if there is no such grid.
    """
    row = db.execute(
        sa.select(GridRow.revision, GridRow.atlas_id).where(GridRow.id == grid_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError(f"no grid {grid_id}")
    return row.revision, row.atlas_id


def find_revision(connection: sa.Connection, grid_id: UUID) -> int | None:
    """Find a grid's revision; None if there is no such grid."""
    return connection.scalar(_REVISION, {"id": grid_id})


def list_squares(db: Session, atlas_id: UUID | None, ask: SquareQuestion) -> Page[SquareAnswer]:
    """List an atlas's squares; ranks are those of the whole atlas whatever part is asked for."""
    if atlas_id is None:
        return Page(items=[], total=0)
    ranked = _ranked(atlas_id)
    question = _filtered(sa.select(ranked), ranked, ask)
    ordered = question.order_by(*_order(ranked, ask.sort)).limit(ask.limit).offset(ask.offset)
    rows = db.execute(ordered).mappings().all()
    everything = ask.offset == 0 and len(rows) < ask.limit
    total = len(rows) if everything else count(db, question)
    return Page(items=build_answers(db, rows), total=total)


def get_square(db: Session, square_id: UUID) -> SquareAnswer:
    """Get one square with its rank in its atlas."""
    ranked = _ranked(get_square_row(db, square_id).atlas_id)
    row = db.execute(sa.select(ranked).where(ranked.c.id == square_id)).mappings().one()
    return build_answers(db, [row])[0]


def get_square_row(db: Session, square_id: UUID) -> SquareRow:
    """Get a square's row.

    Raises:
        NotFoundError: if there is no such square.
    """
    row = db.get(SquareRow, square_id)
    if row is None:
        raise NotFoundError(f"no square {square_id}")
    return row


def get_shown_prediction(db: Session, square_id: UUID) -> PredictionRow:
    """Get the prediction that a square answers with.

    Raises:
        NotFoundError: if it has no score yet.
    """
    square = get_square_row(db, square_id)
    row = db.scalars(
        sa.select(PredictionRow).where(
            PredictionRow.square_id == square_id, PredictionRow.model_id == square.model_id
        )
    ).one_or_none()
    if row is None:
        raise NotFoundError(f"square {square_id} has no score yet")
    return row


def list_predictions(db: Session, square_id: UUID) -> Sequence[PredictionRow]:
    """List what every model has said of a square, newest first."""
    get_square_row(db, square_id)
    return db.scalars(
        sa.select(PredictionRow)
        .where(PredictionRow.square_id == square_id)
        .order_by(PredictionRow.created_at.desc(), PredictionRow.model_id)
    ).all()


def list_label_queue(db: Session, grid_id: UUID, limit: int) -> Page[SquareAnswer]:
    """List the squares whose label would teach most: unlabelled, where the model is least sure."""
    _, atlas_id = get_list_state(db, grid_id)
    ask = SquareQuestion(sort="-overall_sd", limit=5000)
    unlabelled = [
        square
        for square in list_squares(db, atlas_id, ask).items
        if square.label is None and square.image_url is not None
    ]
    return Page(items=unlabelled[:limit], total=len(unlabelled))


def _ranked(atlas_id: UUID) -> sa.Subquery:
    """Make the table of an atlas's squares with their ranks; retired ones have none."""
    place = sa.func.row_number().over(
        partition_by=SquareRow.retired,
        order_by=(
            _status_order(SquareRow.status),
            SquareRow.overall.desc().nulls_last(),
            SquareRow.stage_y_um,
            SquareRow.stage_x_um,
            SquareRow.id,
        ),
    )
    return (
        sa.select(*answer_columns(), sa.case((SquareRow.retired, None), else_=place).label("rank"))
        .select_from(SquareRow)
        .join(AtlasRow, AtlasRow.id == SquareRow.atlas_id)
        .join(PredictionRow, _is_shown(), isouter=True)
        .join(DecisionRow, _is_decided(), isouter=True)
        .join(Placed, _is_placed(), isouter=True)
        .where(SquareRow.atlas_id == atlas_id)
        .subquery("ranked")
    )


def _is_shown() -> sa.ColumnElement[bool]:
    return sa.and_(
        PredictionRow.square_id == SquareRow.id, PredictionRow.model_id == SquareRow.model_id
    )


def _is_decided() -> sa.ColumnElement[bool]:
    return sa.and_(
        DecisionRow.square_id == SquareRow.id,
        DecisionRow.kind.in_([DecisionKind.TAKE, DecisionKind.SKIP]),
        DecisionRow.superseded_at.is_(None),
    )


def _is_placed() -> sa.ColumnElement[bool]:
    return sa.and_(
        Placed.square_id == SquareRow.id,
        Placed.kind == DecisionKind.ORDER,
        Placed.superseded_at.is_(None),
    )


def _filtered(
    question: sa.Select[*tuple[object, ...]], ranked: sa.Subquery, ask: SquareQuestion
) -> sa.Select[*tuple[object, ...]]:
    question = question.where(ranked.c.retired.is_(False))
    if ask.min_overall is not None:
        question = question.where(ranked.c.overall >= ask.min_overall)
    if ask.status:
        question = question.where(ranked.c.status.in_(ask.status))
    if ask.complete is not None:
        question = question.where(ranked.c.complete.is_(ask.complete))
    if ask.decision is not None:
        question = question.where(ranked.c.decision == ask.decision)
    return question


def _order(ranked: sa.Subquery, sort: str) -> list[sa.ColumnElement[object]]:
    name: str = sort.removeprefix("-")
    rank: sa.ColumnElement[object] = ranked.c.rank
    if sort in ("-overall", "rank"):
        return [rank]
    if name == "status":
        column: sa.SQLColumnExpression[object] = _status_order(ranked.c.status)
    else:
        column = ranked.c[name]
    directed = column.desc() if sort.startswith("-") else column.asc()
    return [directed.nulls_last(), rank]


def _status_order(column: sa.SQLColumnExpression[SquareStatus]) -> sa.ColumnElement[object]:
    order = {status: number for number, status in enumerate(RANKED_STATUSES)}
    return sa.case(*((column == status, number) for status, number in order.items()), else_=99)
