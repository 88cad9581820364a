"""Routes of sessions, grids, atlases and tiles."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from service.access import ReadCaller
from service.queries import grids
from service.schemas import AtlasAnswer, GridAnswer, Page, SessionAnswer, TileAnswer
from service.web import Limit, Offset, PartsDep, Reader, answer_json, answer_picture

router = APIRouter(tags=["grids"])


@router.get("/sessions", response_model=Page[SessionAnswer])
def list_sessions(
    request: Request, db: Reader, _: ReadCaller, limit: Limit = 500, offset: Offset = 0
) -> Response:
    """List sessions, newest first."""
    return answer_json(request, grids.list_sessions(db, limit, offset))


@router.get("/sessions/{session_id}", response_model=SessionAnswer)
def get_session(session_id: UUID, request: Request, db: Reader, _: ReadCaller) -> Response:
    """Get one session."""
    return answer_json(request, grids.get_session(db, session_id))


@router.get("/grids", response_model=Page[GridAnswer])
def list_grids(
    request: Request,
    db: Reader,
    _: ReadCaller,
    session_id: UUID | None = None,
    limit: Limit = 500,
    offset: Offset = 0,
) -> Response:
    """List grids with their counts."""
    return answer_json(request, grids.list_grids(db, session_id, limit, offset))


@router.get("/grids/{grid_id}", response_model=GridAnswer)
def get_grid(grid_id: UUID, request: Request, db: Reader, _: ReadCaller) -> Response:
    """Get one grid."""
    return answer_json(request, grids.get_grid(db, grid_id))


@router.get("/grids/{grid_id}/atlases", response_model=Page[AtlasAnswer])
def list_atlases(grid_id: UUID, request: Request, db: Reader, _: ReadCaller) -> Response:
    """List a grid's atlases, newest first."""
    return answer_json(request, grids.list_atlases(db, grid_id))


@router.get("/atlases/{atlas_id}", response_model=AtlasAnswer)
def get_atlas(atlas_id: UUID, request: Request, db: Reader, _: ReadCaller) -> Response:
    """Get one atlas."""
    return answer_json(request, grids.get_atlas(db, atlas_id))


@router.get("/atlases/{atlas_id}/tiles", response_model=Page[TileAnswer])
def list_tiles(
    atlas_id: UUID,
    request: Request,
    db: Reader,
    _: ReadCaller,
    limit: Limit = 500,
    offset: Offset = 0,
) -> Response:
    """List an atlas's tiles in the order of acquisition."""
    return answer_json(request, grids.list_tiles(db, atlas_id, limit, offset))


@router.get("/tiles/{tile_id}/image", response_class=Response)
def get_tile_image(
    tile_id: UUID,
    request: Request,
    parts: PartsDep,
    _: ReadCaller,
    level: Annotated[int, Query(ge=0, le=16)] = 0,
    v: str | None = None,
) -> Response:
    """Get a tile's display image; each level is half as large as the one before."""
    with parts.database.read() as db:
        digest = grids.get_tile_image(db, tile_id, level)
        return answer_picture(request, parts, db, digest, v)
