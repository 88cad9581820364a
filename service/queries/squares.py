"""The ranked list of a grid's squares, and single squares."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from pydantic import AfterValidator
from sqlalchemy.orm import Session

from service.errors import NotFoundError
from service.queries.counting import count
from service.queries.square_answers import SquareParts, build_answers
from service.schemas import Page, SquareAnswer
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

SCORE_COLUMNS = (
    "overall_sd",
    "brightness",
    "brightness_sd",
    "squareness",
    "squareness_sd",
    "cracking",
    "cracking_sd",
    "contamination",
    "contamination_sd",
)
SQUARE_COLUMNS = (
    "epu_node_id",
    "center_x_px",
    "center_y_px",
    "width_px",
    "height_px",
    "rotation_deg",
    "stage_x_um",
    "stage_y_um",
    "stage_z_um",
    "stage_residual_um",
    "coverage",
    "complete",
    "on_rim",
    "epu_category",
    "status",
    "created_at",
    "updated_at",
)
SORTS = frozenset({"rank", "overall", *SCORE_COLUMNS, *SQUARE_COLUMNS})
"""What the list can be sorted by."""


def check_sort(sort: str) -> str:
    """Pass a name to sort by, with - for descending.

    Raises:
        ValueError: if there is no such name.
    """
    if sort.removeprefix("-") not in SORTS:
        raise ValueError(f"cannot sort by {sort!r}, expected one of {', '.join(sorted(SORTS))}")
    return sort


Sort = Annotated[str, AfterValidator(check_sort)]


@dataclass(frozen=True)
class SquareQuestion:
    """Which squares of an atlas, in which order. `-overall` is the ranking."""

    sort: Sort = "-overall"
    limit: int = 500
    offset: int = 0
    min_overall: float | None = None
    statuses: tuple[SquareStatus, ...] = ()
    complete: bool | None = None
    decision: DecisionKind | None = None


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


def list_squares(db: Session, atlas_id: UUID | None, ask: SquareQuestion) -> Page[SquareAnswer]:
    """List an atlas's squares; ranks are those of the whole atlas whatever part is asked for."""
    if atlas_id is None:
        return Page(items=[], total=0)
    question = _filtered(_ranked(SquareRow.atlas_id == atlas_id), ask)
    total = count(db, question)
    ordered = question.order_by(*_order(ask.sort)).limit(ask.limit).offset(ask.offset)
    parts = [SquareParts(*row) for row in db.execute(ordered)]
    return Page(items=build_answers(db, parts), total=total)


def get_square(db: Session, square_id: UUID) -> SquareAnswer:
    """Get one square with its rank in its atlas.

    Raises:
        NotFoundError: if there is no such square.
    """
    atlas_id = sa.select(SquareRow.atlas_id).where(SquareRow.id == square_id).scalar_subquery()
    question = _ranked(SquareRow.atlas_id == atlas_id).where(SquareRow.id == square_id)
    row = db.execute(question).one_or_none()
    if row is None:
        raise NotFoundError(f"no square {square_id}")
    return build_answers(db, [SquareParts(*row)])[0]


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


RankedSelect = sa.Select[SquareRow, UUID, int | None, PredictionRow | None, DecisionKind | None]


def _ranked(condition: sa.ColumnElement[bool]) -> RankedSelect:
    place = sa.func.row_number().over(
        order_by=(
            _status_order(SquareRow.status),
            SquareRow.overall.desc().nulls_last(),
            SquareRow.stage_y_um,
            SquareRow.stage_x_um,
            SquareRow.id,
        )
    )
    ranks = (
        sa.select(SquareRow.id, place.label("rank"))
        .where(condition, SquareRow.retired.is_(False))
        .subquery("ranks")
    )
    return (
        sa.select(SquareRow, AtlasRow.grid_id, ranks.c.rank, PredictionRow, DecisionRow.kind)
        .join(AtlasRow, AtlasRow.id == SquareRow.atlas_id)
        .join(ranks, ranks.c.id == SquareRow.id, isouter=True)
        .join(PredictionRow, _is_shown(), isouter=True)
        .join(DecisionRow, _is_decided(), isouter=True)
        .where(condition)
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


def _filtered(question: RankedSelect, ask: SquareQuestion) -> RankedSelect:
    question = question.where(SquareRow.retired.is_(False))
    if ask.min_overall is not None:
        question = question.where(SquareRow.overall >= ask.min_overall)
    if ask.statuses:
        question = question.where(SquareRow.status.in_(ask.statuses))
    if ask.complete is not None:
        question = question.where(SquareRow.complete.is_(ask.complete))
    if ask.decision is not None:
        question = question.where(DecisionRow.kind == ask.decision)
    return question


def _order(sort: str) -> tuple[sa.ColumnElement[object] | sa.ColumnElement[int], ...]:
    name = sort.removeprefix("-")
    rank: sa.ColumnElement[int] = sa.literal_column("ranks.rank", sa.Integer())
    if sort in ("-overall", "rank"):
        return (rank,)
    if sort == "-rank":
        return (rank.desc(),)
    column = _status_order(SquareRow.status) if name == "status" else _column(name)
    directed = column.desc() if sort.startswith("-") else column.asc()
    return (directed.nulls_last(), rank)


def _column(name: str) -> sa.ColumnElement[object]:
    table = PredictionRow.__table__ if name in SCORE_COLUMNS else SquareRow.__table__
    return table.columns[name]


def _status_order(
    column: sa.SQLColumnExpression[SquareStatus],
) -> sa.Case[int]:
    order = {status: number for number, status in enumerate(RANKED_STATUSES)}
    return sa.case(*((column == status, number) for status, number in order.items()), else_=99)
