"""What routes share: the parts they are given, database sessions, and conditional answers."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from sqlalchemy.orm import Session

from service.blobs import BlobStore
from service.database import Database
from service.job_queue import JobQueue, ScoreRequest
from service.kept import KeptAnswers
from service.looks import Looks
from service.queries.job_answers import list_waiting_runs
from service.queries.jobs import list_asked
from service.schemas import Answer
from service.settings import Settings

FOREVER = "private, max-age=31536000, immutable"
ASK_AGAIN = "private, no-cache"


@dataclass(frozen=True)
class Parts:
    """What the web process is made of."""

    settings: Settings
    database: Database
    blobs: BlobStore
    queue: JobQueue
    looks: Looks = field(default_factory=Looks)
    lists: KeptAnswers = field(default_factory=KeptAnswers)

    def ask(self, requests: Sequence[ScoreRequest]) -> None:
        """Ask for scores, each in its turn; what is asked for already costs one question in all."""
        if not requests:
            return
        with self.database.read() as db:
            asked = list_asked(db, requests)
        for request in requests:
            if request.job_id not in asked:
                self.queue.submit(request, self.looks.priority(request))

    def hurry(self, grid_id: UUID) -> None:
        """Let a grid's tiles be scored before all others."""
        with self.database.read() as db:
            runs = list_waiting_runs(db, grid_id)
        for job_id, run in runs:
            self.queue.hurry(job_id, run)


async def get_parts(request: Request) -> Parts:
    """Get the application's parts; like all that does not wait, on the loop and in no thread."""
    parts: Parts = request.app.state.parts
    return parts


PartsDep = Annotated[Parts, Depends(get_parts)]


async def open_reader(parts: PartsDep) -> AsyncIterator[Session]:
    """Open a session that only asks; it connects when the route asks, in the route's thread.

    It is closed in a thread beside the routes' own: routes hold all of those while they wait for a
    connection, which is only given back here.
    """
    session = Session(parts.database.engine)
    try:
        yield session
    finally:
        await asyncio.to_thread(session.close)


def open_writer(parts: PartsDep) -> Iterator[Session]:
    """Open a transaction; it is committed before the answer is sent."""
    with parts.database.write() as session:
        yield session


Reader = Annotated[Session, Depends(open_reader, scope="function")]
Writer = Annotated[Session, Depends(open_writer, scope="function")]

Limit = Annotated[int, Query(ge=1, le=5000)]
Offset = Annotated[int, Query(ge=0)]


async def read_body(request: Request) -> bytes:
    """Read the request's bytes; the application limits how many."""
    return await request.body()


Body = Annotated[bytes, Depends(read_body)]


def answer_json(request: Request, answer: Answer) -> Response:
    """Answer with JSON, or with 304 when the client has the same already."""
    content = answer.model_dump_json().encode()
    tag = weak_etag(content)
    return answer_unchanged(tag) if is_known(request, tag) else answer_bytes(content, tag)


def answer_bytes(content: bytes, etag: str) -> Response:
    """Answer with JSON as it stands."""
    headers = {"ETag": etag, "Cache-Control": ASK_AGAIN}
    return Response(content, media_type="application/json", headers=headers)


def answer_unchanged(etag: str) -> Response:
    """Answer that the client has the newest already."""
    return Response(status_code=304, headers={"ETag": etag, "Cache-Control": ASK_AGAIN})


def answer_picture(
    request: Request, parts: Parts, db: Session, digest: str, version: str | None
) -> Response:
    """Answer with a stored picture.

    Args:
        request: what was asked.
        parts: the application's.
        db: a reading session.
        digest: the picture's sha256.
        version: the hash in the address; where it is right, the answer may be kept for ever.
    """
    tag = f'"{digest}"'
    right = version is not None and len(version) >= 16 and digest.startswith(version)
    headers = {"ETag": tag, "Cache-Control": FOREVER if right else ASK_AGAIN}
    if is_known(request, tag):
        return Response(status_code=304, headers=headers)
    row, data = parts.blobs.get(db, digest)
    return Response(data, media_type=row.media_type, headers=headers)


def weak_etag(*content: bytes) -> str:
    """Make a tag from what decides an answer."""
    return f'W/"{sha256(b" ".join(content)).hexdigest()[:24]}"'


def list_tag(revision: int, query: str) -> str:
    """Make the tag of a grid's list: it changes with the grid, the release and what is asked."""
    return weak_etag(read_release().encode(), str(revision).encode(), query.encode())


@cache
def read_release() -> str:
    """Read the installed package's version; empty where it runs without being installed."""
    try:
        return version("xcryonet")
    except PackageNotFoundError:
        return ""


def list_key(grid_id: UUID, query: str) -> str:
    """Name a list among all that are kept."""
    return f"{grid_id}?{query}"


def is_known(request: Request, etag: str) -> bool:
    """Tell whether the client has named this tag in `If-None-Match`."""
    named = request.headers.get("if-none-match", "")
    tags = {tag.strip().removeprefix("W/") for tag in named.split(",")}
    return "*" in tags or etag.removeprefix("W/") in tags
