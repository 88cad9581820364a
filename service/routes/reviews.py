"""Routes of labels and decisions."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Query, Request, Response

from service.access import DecideCaller, LabelCaller, ReadCaller
from service.queries import decisions, labels
from service.schemas import (
    DecisionAnswer,
    DecisionRequest,
    LabelAnswer,
    LabelQuestion,
    LabelRequest,
    Page,
)
from service.web import Limit, Offset, Reader, Writer, answer_json

router = APIRouter(tags=["review"])

Labels = Annotated[list[LabelRequest], Body(min_length=1, max_length=5000)]
Decisions = Annotated[list[DecisionRequest], Body(min_length=1, max_length=5000)]


@router.post("/labels")
def add_labels(requests: Labels, db: Writer, caller: LabelCaller) -> Page[LabelAnswer]:
    """Store labels, all or none; the newest of each author stands."""
    return labels.add_labels(db, requests, caller.name)


@router.get("/labels", response_model=Page[LabelAnswer])
def list_labels(
    ask: Annotated[LabelQuestion, Query()], request: Request, db: Reader, _: ReadCaller
) -> Response:
    """List labels, newest first."""
    return answer_json(request, labels.list_labels(db, ask))


@router.delete("/labels/{label_id}", status_code=204)
def withdraw_label(label_id: UUID, db: Writer, caller: LabelCaller) -> None:
    """Take a label back; it stays in the history."""
    labels.withdraw_label(db, label_id, caller.name)


@router.post("/decisions")
def add_decisions(requests: Decisions, db: Writer, caller: DecideCaller) -> Page[DecisionAnswer]:
    """Store decisions, all or none: take, skip, order, note, or clear to withdraw."""
    return decisions.add_decisions(db, requests, caller.name)


@router.get("/grids/{grid_id}/decisions", response_model=Page[DecisionAnswer])
def list_decisions(
    grid_id: UUID,
    request: Request,
    db: Reader,
    _: ReadCaller,
    limit: Limit = 500,
    offset: Offset = 0,
) -> Response:
    """List what is decided about a grid, newest first."""
    return answer_json(request, decisions.list_decisions(db, grid_id, limit, offset))
