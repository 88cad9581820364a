"""What people's labels say of each square, and the squares that nobody has labelled."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import mean
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.queries.labels import GRADES
from service.queries.scores import SquareToScore, to_score
from service.tables import AtlasRow, GridRow, LabelRow, SessionRow, SquareRow


@dataclass(frozen=True)
class GradedSquare:
    """A square, its grid, and what was said of it.

    Attributes:
        square: what its score is made from; None where it cannot be scored, or is no square any
            more.
        grid_id: the grid's id.
        grid: the grid's name for people.
        grades: score name to the mean of what the authors gave; empty where nobody did.
    """

    square: SquareToScore | None
    grid_id: UUID
    grid: str
    grades: dict[str, float]


def list_graded_squares(db: Session, authors: Sequence[str] = ()) -> list[GradedSquare]:
    """List labelled squares in the order of their ids.

    Args:
        db: any session.
        authors: whose labels count; everybody's when empty.
    """
    question = sa.select(LabelRow).where(LabelRow.superseded_at.is_(None))
    if authors:
        question = question.where(LabelRow.author.in_(authors))
    labels = db.scalars(question.order_by(LabelRow.square_id, LabelRow.author))
    grades = {
        square_id: _mean_grades(rows)
        for square_id, rows in groupby(labels, key=lambda row: row.square_id)
    }
    found = db.execute(_squares().where(SquareRow.id.in_(_labelled())))
    return [
        _graded(square, atlas, f"{key}/Sample{sample}", grades[square.id])
        for square, atlas, sample, key in found
        if square.id in grades
    ]


def list_unlabelled_squares(db: Session) -> list[GradedSquare]:
    """List squares that can be scored and that nobody has labelled, in the order of their ids."""
    question = _squares().where(
        SquareRow.id.not_in(_labelled()),
        SquareRow.retired.is_(False),
        SquareRow.wanted_input.is_not(None),
    )
    return [
        _graded(square, atlas, f"{key}/Sample{sample}", {})
        for square, atlas, sample, key in db.execute(question)
    ]


def _squares() -> sa.Select[SquareRow, AtlasRow, int, str]:
    return (
        sa.select(SquareRow, AtlasRow, GridRow.sample, SessionRow.key)
        .join(AtlasRow, AtlasRow.id == SquareRow.atlas_id)
        .join(GridRow, GridRow.id == AtlasRow.grid_id)
        .join(SessionRow, SessionRow.id == GridRow.session_id)
        .order_by(SquareRow.id)
    )


def _labelled() -> sa.Select[UUID]:
    return sa.select(LabelRow.square_id).where(LabelRow.superseded_at.is_(None))


def _graded(
    square: SquareRow, atlas: AtlasRow, grid: str, grades: dict[str, float]
) -> GradedSquare:
    usable = not square.retired and square.wanted_input is not None
    return GradedSquare(
        square=to_score(square, atlas) if usable else None,
        grid_id=atlas.grid_id,
        grid=grid,
        grades=grades,
    )


def _mean_grades(rows: Iterable[LabelRow]) -> dict[str, float]:
    given: dict[str, list[float]] = {}
    for row in rows:
        for name in GRADES:
            value = getattr(row, name)
            if value is not None:
                given.setdefault(name, []).append(value)
    return {name: mean(values) for name, values in given.items()}
