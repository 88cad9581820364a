"""Routes of ingest: records and pictures in, each idempotent."""

from typing import Annotated

from fastapi import APIRouter, Path

from ingest.records import (
    AtlasRecord,
    FileRecord,
    GridRecord,
    IngestRecord,
    SessionRecord,
    SquareSet,
    TileRecord,
)
from service.access import IngestCaller
from service.blobs import list_missing_blobs
from service.queries.ingest import put_atlas, put_grid, put_session, put_tile
from service.queries.ledger import put_files, put_ingester
from service.queries.square_sets import replace_squares
from service.schemas import BlobAnswer, BlobList, SquareSetAnswer, Stored
from service.web import Body, PartsDep, Reader, Writer

router = APIRouter(tags=["ingest"])

Digest = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]


@router.put("/sessions")
def put_session_route(record: SessionRecord, db: Writer, caller: IngestCaller) -> Stored:
    """Store what is known of a session."""
    return put_session(db, record, caller.name)


@router.put("/grids")
def put_grid_route(record: GridRecord, db: Writer, caller: IngestCaller) -> Stored:
    """Store what is known of a grid."""
    return put_grid(db, record, caller.name)


@router.put("/atlases")
def put_atlas_route(record: AtlasRecord, parts: PartsDep, caller: IngestCaller) -> Stored:
    """Store what is known of an atlas; a moved film level asks for new scores."""
    with parts.database.write() as db:
        stored, requests = put_atlas(db, record, caller.name)
    parts.ask(requests)
    return stored


@router.put("/tiles")
def put_tile_route(record: TileRecord, db: Writer, caller: IngestCaller) -> Stored:
    """Store what is known of a tile."""
    return put_tile(db, record, caller.name)


@router.put("/squares")
def put_squares_route(record: SquareSet, parts: PartsDep, caller: IngestCaller) -> SquareSetAnswer:
    """Replace an atlas's squares, and ask for the scores that are missing."""
    with parts.database.write() as db:
        answer, requests = replace_squares(db, record, caller.name)
    parts.ask(requests)
    return answer


@router.post("/blobs/missing")
def find_missing_blobs(asked: BlobList, db: Reader, _: IngestCaller) -> BlobAnswer:
    """Tell which pictures are still to be sent."""
    return BlobAnswer(missing=list_missing_blobs(db, asked.sha256))


@router.put(
    "/blobs/{sha256}",
    status_code=204,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                media_type: {"schema": {"type": "string", "format": "binary"}}
                for media_type in ("image/png", "image/jpeg")
            },
        }
    },
)
def put_blob(sha256: Digest, parts: PartsDep, _: IngestCaller, body: Body) -> None:
    """Store a PNG or JPEG under the hash of its bytes."""
    with parts.database.write() as db:
        parts.blobs.put(db, sha256, body)


@router.put("/files", status_code=204)
def put_files_route(records: list[FileRecord], db: Writer, _: IngestCaller) -> None:
    """Store lines of the ledger."""
    put_files(db, records)


@router.put("/ingesters", status_code=204)
def put_ingester_route(record: IngestRecord, db: Writer, _: IngestCaller) -> None:
    """Store an ingest process's sign of life."""
    put_ingester(db, record)
