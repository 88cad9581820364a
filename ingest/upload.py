"""Send records to the service: a call returns when the service has kept them, however late.

All calls are idempotent by natural key, so that a repeat after a lost answer does no harm.
"""

import random
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpx2
import structlog
from pydantic import BaseModel, TypeAdapter, ValidationError

from ingest.records import (
    AtlasRecord,
    FileRecord,
    GridRecord,
    IngestRecord,
    SessionRecord,
    SquareSet,
    TileRecord,
)

_log = structlog.get_logger(__name__)
_API = "/api/v1"
_JSON = "application/json"
_HASHES_PER_QUESTION = 500
_LINES_PER_LEDGER = 500
_TRY_AGAIN = frozenset({408, 425, 429})
_NOT_LET_IN = frozenset({401, 403})
"""A token can be given its scope, or the right one be set: no file is to blame."""

_BODY_CHARS = 2000
_FILE_LINES = TypeAdapter(list[FileRecord])
_MAGIC = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg"}


class RejectedRecord(Exception):  # noqa: N818 - named by what happened
    """The service will never take this: sending it again would change nothing.

    Attributes:
        status: HTTP status.
        body: What the service said.
    """

    def __init__(self, what: str, status: int, body: str) -> None:
        super().__init__(f"{what}: the service answered {status}: {body}")
        self.status = status
        self.body = body


class UploadStoppedError(Exception):
    """The stop event was set, or the attempts ran out, before the service had kept the record."""


class _Question(BaseModel):
    """Body of `POST /blobs/missing`."""

    sha256: list[str]


class _Missing(BaseModel):
    """Answer of `POST /blobs/missing`."""

    missing: list[str]


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait within one attempt, seconds."""

    connect_s: float = 5.0
    answer_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """How to wait between attempts.

    Attributes:
        first_s: Before the second attempt.
        factor: Each next wait is so much longer.
        longest_s: No wait is longer.
        jitter: Share of a wait that is random, so that ingesters do not all come back at once.
        attempts: Give up after so many; None never.
    """

    first_s: float = 0.5
    factor: float = 2.0
    longest_s: float = 30.0
    jitter: float = 0.5
    attempts: int | None = None

    def waits(self) -> Iterator[float]:
        """The waits after the first attempt, the second, and so on."""
        wait, count = self.first_s, 1
        while self.attempts is None or count < self.attempts:
            yield wait * (1 - self.jitter * random.random())
            wait, count = min(wait * self.factor, self.longest_s), count + 1


class ServiceClient:
    """The service, seen from ingest.

    Every call may raise `RejectedRecord`, and `UploadStoppedError` once the stop event is set.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        timeouts: Timeouts | None = None,
        backoff: Backoff | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        """Connect to nothing yet.

        Args:
            url: Address of the service, without `/api/v1`.
            token: Bearer token.
            timeouts: Within one attempt.
            backoff: Between attempts.
            stop: Interrupts the waits.

        Raises:
            ValueError: Address or token cannot be sent.
        """
        if httpx2.URL(url).scheme not in {"http", "https"} or not httpx2.URL(url).host:
            raise ValueError(
                f"service address: expected http://host or https://host, found {url!r}"
            )
        if not (token and token.isascii() and token.isprintable()):
            found = "other characters" if token else "none"
            raise ValueError(f"service token: expected printable ASCII, found {found}")
        limits = timeouts or Timeouts()
        self._backoff = backoff or Backoff()
        self._stop = stop or threading.Event()
        self._http = httpx2.Client(
            base_url=url.rstrip("/") + _API,
            headers={"Authorization": f"Bearer {token}", "User-Agent": "xcryonet-ingest"},
            timeout=httpx2.Timeout(limits.answer_s, connect=limits.connect_s),
        )

    def __enter__(self) -> Self:
        """Close at the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def put_session(self, record: SessionRecord) -> None:
        """Keep a session."""
        self._put_record("/sessions", record)

    def put_grid(self, record: GridRecord) -> None:
        """Keep a grid."""
        self._put_record("/grids", record)

    def put_atlas(self, record: AtlasRecord) -> None:
        """Keep an atlas."""
        self._put_record("/atlases", record)

    def put_tile(self, record: TileRecord) -> None:
        """Keep a tile."""
        self._put_record("/tiles", record)

    def put_squares(self, record: SquareSet) -> None:
        """Keep all squares of an atlas; their blobs must have been put before."""
        self._put_record("/squares", record)

    def put_ingester(self, record: IngestRecord) -> None:
        """Give a sign of life."""
        self._put_record("/ingesters", record)

    def put_files(self, records: Sequence[FileRecord]) -> None:
        """Keep lines of the ledger."""
        for start in range(0, len(records), _LINES_PER_LEDGER):
            lines = list(records[start : start + _LINES_PER_LEDGER])
            self._send("PUT", "/files", _FILE_LINES.dump_json(lines), _JSON)

    def missing_blobs(self, sha256: Sequence[str]) -> set[str]:
        """Of these hashes, those whose bytes the service does not have.

        Raises:
            RejectedRecord: Whoever answered is not the service.
        """
        missing: set[str] = set()
        for start in range(0, len(sha256), _HASHES_PER_QUESTION):
            question = _Question(sha256=list(sha256[start : start + _HASHES_PER_QUESTION]))
            body = question.model_dump_json().encode()
            answer = self._send("POST", "/blobs/missing", body, _JSON)
            try:
                missing.update(_Missing.model_validate_json(answer).missing)
            except ValidationError as error:
                text = answer[:_BODY_CHARS].decode("utf-8", "replace")
                raise RejectedRecord("POST /blobs/missing", 200, text) from error
        return missing

    def put_blob(self, sha256: str, data: bytes) -> None:
        """Keep bytes under their hash."""
        kind = next((kind for magic, kind in _MAGIC.items() if data.startswith(magic)), None)
        self._send("PUT", f"/blobs/{sha256}", data, kind or "application/octet-stream")

    def _put_record(self, path: str, record: BaseModel) -> None:
        self._send("PUT", path, record.model_dump_json().encode(), _JSON)

    def _send(self, method: str, path: str, content: bytes, kind: str) -> bytes:
        """Send until it is answered with success, and return the answer's body.

        Raises:
            UploadStoppedError: The stop event was set, or the attempts ran out.
        """
        problem, at_least = "not tried", 0.0
        for wait in self._attempts():
            if self._stop.wait(max(wait, at_least)):
                break
            at_least = 0.0
            try:
                response = self._http.request(
                    method, path, content=content, headers={"Content-Type": kind}
                )
            except httpx2.RequestError as error:
                problem = f"{type(error).__name__}: {error}"
            else:
                if response.is_success:
                    return response.content
                problem = _problem_of(response, f"{method} {path}")
                at_least = min(_retry_after_s(response), self._backoff.longest_s)
            _log.warning("service did not take a record", path=path, problem=problem)
        raise UploadStoppedError(f"{method} {path} not delivered: {problem}")

    def _attempts(self) -> Iterator[float]:
        """The wait before each attempt: none before the first."""
        yield 0.0
        yield from self._backoff.waits()


def _problem_of(response: httpx2.Response, what: str) -> str:
    """Why to send it again.

    Raises:
        RejectedRecord: Sending it again is useless.
    """
    body = response.text[:_BODY_CHARS]
    if response.status_code in _NOT_LET_IN:
        return f"{response.status_code}: the token is not accepted, it needs the scope ingest"
    if response.status_code in _TRY_AGAIN or response.status_code >= 500:
        return f"{response.status_code}: {body}"
    raise RejectedRecord(what, response.status_code, body)


def _retry_after_s(response: httpx2.Response) -> float:
    """What the service asks for; it never says it as a date."""
    seconds = response.headers.get("Retry-After", "")
    return float(seconds) if seconds.isdecimal() else 0.0
