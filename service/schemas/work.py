"""Answers about files, ingest processes, workers and stored pictures."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from ingest.records import FileState
from service.schemas.base import Answer
from service.tables import WorkerState

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class FileAnswer(Answer):
    """One line of the ledger."""

    path: str
    session_key: str | None
    state: FileState
    reason: str | None
    size: int | None
    attempts: int
    updated_at: datetime


class IngesterAnswer(Answer):
    """An ingest process's last sign of life."""

    name: str
    watching: str
    state: str
    reason: str | None
    polling: bool
    files_seen: int
    files_pending: int
    seen_at: datetime


class WorkerAnswer(Answer):
    """A worker's last sign of life."""

    id: str
    host: str
    pid: int | None
    device: str
    model_id: str | None
    state: WorkerState
    started_at: datetime
    seen_at: datetime


class BlobList(Answer):
    """Pictures by the sha256 of their bytes."""

    sha256: list[Sha256] = Field(max_length=10_000)


class BlobAnswer(Answer):
    """Which pictures are missing."""

    missing: list[str]


class Stored(Answer):
    """A record is stored; `changed` tells whether it said anything new."""

    id: str
    changed: bool
