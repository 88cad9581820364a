"""How long a list is, whatever part of it is asked for."""

import sqlalchemy as sa
from sqlalchemy.orm import Session


def count(db: Session, question: sa.Select[*tuple[object, ...]]) -> int:
    """Count what a question would find without its limit."""
    counted = question.order_by(None).with_only_columns(sa.func.count(), maintain_column_froms=True)
    return db.scalar(counted) or 0
