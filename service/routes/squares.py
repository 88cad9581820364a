"""Routes of squares: the ranked list, one square, its pictures and predictions."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Query, Request, Response
from sqlalchemy.orm import Session

from service.access import ReadCaller
from service.errors import NotFoundError
from service.queries import squares
from service.queries.grids import get_atlas
from service.schemas import Page, PredictionAnswer, SquareAnswer, SquareQuestion
from service.web import (
    Limit,
    PartsDep,
    Reader,
    answer_bytes,
    answer_json,
    answer_picture,
    answer_unchanged,
    is_known,
    list_key,
    list_tag,
)

router = APIRouter(tags=["squares"])


class AttentionMap(StrEnum):
    """What an attention map shows."""

    CRACKING = "cracking"
    CONTAMINATION = "contamination"


@router.get("/grids/{grid_id}/squares", response_model=Page[SquareAnswer])
def list_squares(
    grid_id: UUID,
    ask: Annotated[SquareQuestion, Query()],
    request: Request,
    parts: PartsDep,
    later: BackgroundTasks,
    _: ReadCaller,
) -> Response:
    """List a grid's squares, best first: the ranked list of its current atlas."""
    with parts.database.read() as db:
        revision, current = squares.get_list_state(db, grid_id)
        if parts.looks.note(grid_id):
            later.add_task(parts.hurry, grid_id)
        atlas_id = ask.atlas_id or current
        if atlas_id not in (None, current):
            _check_atlas(db, grid_id, atlas_id)
        query = request.url.query
        etag = list_tag(revision, query)
        if is_known(request, etag):
            return answer_unchanged(etag)

        def make() -> bytes:
            answer = squares.list_squares(db, atlas_id, ask)
            return answer.model_dump_json().encode()

        return answer_bytes(parts.lists.get(list_key(grid_id, query), etag, make), etag)


@router.get("/grids/{grid_id}/label_queue", response_model=Page[SquareAnswer])
def list_label_queue(
    grid_id: UUID, request: Request, db: Reader, _: ReadCaller, limit: Limit = 20
) -> Response:
    """List unlabelled squares, the one whose label would teach most first."""
    return answer_json(request, squares.list_label_queue(db, grid_id, limit))


@router.get("/squares/{square_id}", response_model=SquareAnswer)
def get_square(square_id: UUID, request: Request, db: Reader, _: ReadCaller) -> Response:
    """Get one square."""
    return answer_json(request, squares.get_square(db, square_id))


@router.get("/squares/{square_id}/predictions")
def list_predictions(square_id: UUID, db: Reader, _: ReadCaller) -> Page[PredictionAnswer]:
    """List what each model said of a square."""
    rows = squares.list_predictions(db, square_id)
    items = [PredictionAnswer.model_validate(row) for row in rows]
    return Page(items=items, total=len(items))


@router.get("/squares/{square_id}/image", response_class=Response)
def get_image(
    square_id: UUID, request: Request, parts: PartsDep, _: ReadCaller, v: str | None = None
) -> Response:
    """Get a square's crop: 640 x 640 pixels, square-root coded."""
    with parts.database.read() as db:
        digest = squares.get_square_row(db, square_id).crop_sha256
        return answer_picture(request, parts, db, _there(digest, "crop"), v)


@router.get("/squares/{square_id}/thumbnail", response_class=Response)
def get_thumbnail(
    square_id: UUID, request: Request, parts: PartsDep, _: ReadCaller, v: str | None = None
) -> Response:
    """Get a square's small picture."""
    with parts.database.read() as db:
        digest = squares.get_square_row(db, square_id).thumbnail_sha256
        return answer_picture(request, parts, db, _there(digest, "thumbnail"), v)


@router.get("/squares/{square_id}/attention/{attribute}", response_class=Response)
def get_attention(
    square_id: UUID,
    attribute: AttentionMap,
    request: Request,
    parts: PartsDep,
    _: ReadCaller,
    v: str | None = None,
) -> Response:
    """Get where the network saw cracks or contamination."""
    with parts.database.read() as db:
        shown = squares.get_shown_prediction(db, square_id)
        cracking = attribute is AttentionMap.CRACKING
        digest = (
            shown.attention_cracking_sha256 if cracking else shown.attention_contamination_sha256
        )
        return answer_picture(request, parts, db, _there(digest, f"{attribute} map"), v)


def _check_atlas(db: Session, grid_id: UUID, atlas_id: UUID) -> None:
    if get_atlas(db, atlas_id).grid_id != grid_id:
        raise NotFoundError(f"grid {grid_id} has no atlas {atlas_id}")


def _there(digest: str | None, what: str) -> str:
    if digest is None:
        raise NotFoundError(f"this square has no {what} yet")
    return digest
