"""Rows of a square, its prediction, decision and label become one answer.

The ranked list is the service's most asked question, so it reads the columns it answers with, not
whole rows: half the time for a grid of squares.
"""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from service.schemas import SquareAnswer, SquareLabel
from service.tables import AtlasRow, DecisionKind, DecisionRow, LabelRow, PredictionRow, SquareRow

OVERALL_MAX = 4.0

PICTURES = {
    "thumbnail_url": "thumbnail_sha256",
    "image_url": "crop_sha256",
    "attention_cracking_url": "attention_cracking_sha256",
    "attention_contamination_url": "attention_contamination_sha256",
}
"""Column that holds a picture's hash, by the answer's field with its address."""

PATHS = {
    "thumbnail_url": "thumbnail",
    "image_url": "image",
    "attention_cracking_url": "attention/cracking",
    "attention_contamination_url": "attention/contamination",
}


Placed = aliased(DecisionRow, name="placed")
"""Decisions that give a square its place in the operator's order."""


def answer_columns() -> list[
    sa.ColumnElement[object] | sa.Label[DecisionKind] | sa.Label[int | None]
]:
    """List the columns that an answer is made of, each once: the square's own come first."""
    names = set(SquareAnswer.model_fields) | set(PICTURES.values())
    square, prediction = SquareRow.__table__.c, PredictionRow.__table__.c
    own = [column for column in square if column.name in names]
    scores = [column for column in prediction if column.name in names - set(square.keys())]
    return [
        *own,
        *scores,
        AtlasRow.__table__.c.grid_id,
        DecisionRow.kind.label("decision"),
        Placed.position.label("position"),
    ]


def build_answers(db: Session, rows: Sequence[sa.RowMapping]) -> list[SquareAnswer]:
    """Build the answers for some squares of one atlas, with one question for all their labels.

    Args:
        db: any session.
        rows: the columns of `answer_columns`, and `rank`.
    """
    if not rows:
        return []
    labels = _newest_labels(db, rows[0]["atlas_id"])
    return [_answer(row, labels.get(row["id"])) for row in rows]


def picture_url(path: str, digest: str | None) -> str | None:
    """Make the address of a picture; with the hash in it, it caches for ever."""
    return None if digest is None else f"/api/v1{path}?v={digest[:16]}"


def _answer(row: sa.RowMapping, label: SquareLabel | None) -> SquareAnswer:
    values: dict[str, object] = {str(name): value for name, value in row.items()}
    digests = {field: values.pop(column) for field, column in PICTURES.items()}
    overall = values["overall"]
    values["overall_norm"] = overall / OVERALL_MAX if isinstance(overall, float) else None
    values["label"] = label
    for field, digest in digests.items():
        path = f"/squares/{row['id']}/{PATHS[field]}"
        values[field] = picture_url(path, digest if isinstance(digest, str) else None)
    return SquareAnswer.model_validate(values)


def _newest_labels(db: Session, atlas_id: UUID) -> dict[UUID, SquareLabel]:
    rows = db.scalars(
        sa.select(LabelRow)
        .join(SquareRow, SquareRow.id == LabelRow.square_id)
        .where(SquareRow.atlas_id == atlas_id, LabelRow.superseded_at.is_(None))
        .order_by(LabelRow.created_at, LabelRow.id)
    )
    return {row.square_id: SquareLabel.model_validate(row) for row in rows}
