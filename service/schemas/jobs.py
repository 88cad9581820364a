"""Answers about jobs."""

from datetime import datetime
from uuid import UUID

from service.schemas.base import Answer
from service.tables import JobKind, JobState


class JobAnswer(Answer):
    """A tile's scoring and how it goes; `dead` is given up, for the reason given."""

    id: str
    kind: JobKind
    tile_id: UUID | None
    tile_name: str | None
    grid_id: UUID | None
    state: JobState
    attempts: int
    failures: int
    deaths: int
    reason: str | None
    worker_id: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
