"""The audit trail: who changed what, apart from what ingest and workers report."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.queries.counting import count
from service.schemas import AuditQuestion, EventAnswer, Page
from service.tables import EventRow

REPORTS = ("session.put", "grid.put", "atlas.put", "tile.put", "squares.put", "squares.score")
"""What machines say all day long."""


def list_audit(db: Session, ask: AuditQuestion) -> Page[EventAnswer]:
    """List who changed what, the newest first."""
    question = sa.select(EventRow)
    if not ask.reports and ask.kind not in REPORTS:
        question = question.where(EventRow.kind.not_in(REPORTS))
    if ask.actor is not None:
        question = question.where(EventRow.actor == ask.actor)
    if ask.kind is not None:
        question = question.where(EventRow.kind == ask.kind)
    if ask.since is not None:
        question = question.where(EventRow.at >= ask.since)
    if ask.until is not None:
        question = question.where(EventRow.at < ask.until)
    rows = db.scalars(question.order_by(EventRow.id.desc()).limit(ask.limit).offset(ask.offset))
    items = [EventAnswer.model_validate(row) for row in rows]
    return Page(items=items, total=count(db, question))
