"""Routes of what is going on: files, ingest processes, workers, models and events."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from ingest.records import FileState
from service.access import AdminCaller, ReadCaller
from service.queries import ledger, models
from service.queries.events import list_events
from service.schemas import (
    EventList,
    FileAnswer,
    IngesterAnswer,
    ModelAnswer,
    Page,
    WorkerAnswer,
)
from service.web import Limit, Offset, PartsDep, Reader, answer_json

router = APIRouter(tags=["activity"])

EventNumber = Annotated[int, Field(ge=0)] | Literal["now"]


@router.get("/files", response_model=Page[FileAnswer])
def list_files(
    request: Request,
    db: Reader,
    _: ReadCaller,
    state: Annotated[list[FileState], Query(default_factory=list)],
    limit: Limit = 500,
    offset: Offset = 0,
) -> Response:
    """List files of EPU's folder and what became of them, the newest change first."""
    return answer_json(request, ledger.list_files(db, state, limit, offset))


@router.get("/ingesters", response_model=Page[IngesterAnswer])
def list_ingesters(
    request: Request, db: Reader, _: ReadCaller, limit: Limit = 500, offset: Offset = 0
) -> Response:
    """List ingest processes, the last seen first."""
    return answer_json(request, ledger.list_ingesters(db, limit, offset))


@router.get("/workers", response_model=Page[WorkerAnswer])
def list_workers(
    request: Request, db: Reader, _: ReadCaller, limit: Limit = 500, offset: Offset = 0
) -> Response:
    """List workers, the last seen first."""
    return answer_json(request, ledger.list_workers(db, limit, offset))


@router.get("/events", response_model=EventList)
def list_events_route(
    request: Request,
    db: Reader,
    _: ReadCaller,
    since: EventNumber = 0,
    limit: Limit = 500,
    grid_id: UUID | None = None,
) -> Response:
    """List what has happened after event number `since`; `now` tells where to begin."""
    return answer_json(request, list_events(db, since, limit, grid_id))


@router.get("/models")
def list_models(db: Reader, _: ReadCaller) -> Page[ModelAnswer]:
    """List the networks that the service knows."""
    items = [ModelAnswer.model_validate(row) for row in models.list_models(db)]
    return Page(items=items, total=len(items))


@router.post("/models/{model_id}/promote")
def promote_model(model_id: str, parts: PartsDep, caller: AdminCaller) -> ModelAnswer:
    """Make a model current, and ask for its scores of all squares."""
    with parts.database.write() as db:
        row, requests = models.promote_model(db, model_id, caller.name)
    parts.ask(requests)
    return ModelAnswer.model_validate(row)
