"""The change feed: what has happened since a reader last asked."""

from typing import Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.schemas import EventAnswer, EventList
from service.tables import EventRow


def list_events(
    db: Session, since: int | Literal["now"], limit: int, grid_id: UUID | None = None
) -> EventList:
    """List events with a number above `since`, in order; from `now` on there is none yet."""
    if since == "now":
        return EventList(items=[], next=db.scalar(sa.select(sa.func.max(EventRow.id))) or 0)
    question = sa.select(EventRow).where(EventRow.id > since).order_by(EventRow.id).limit(limit)
    if grid_id is not None:
        question = question.where(EventRow.grid_id == grid_id)
    items = [EventAnswer.model_validate(row) for row in db.scalars(question)]
    return EventList(items=items, next=items[-1].id if items else since)
