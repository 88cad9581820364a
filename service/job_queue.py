"""How the web process asks for scores, whatever runs the jobs."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol
from uuid import UUID


class Priority(IntEnum):
    """Which job comes first: the one with the lower number."""

    LOOKED_AT = 5
    LIVE = 10
    CATCH_UP = 50
    RENEW = 80


@dataclass(frozen=True)
class ScoreRequest:
    """The squares of one tile that need a score.

    `digest` names what is to be computed (squares, their inputs, the model): the same request
    asked twice is one job, a changed one is another. `renews` is true where all of these squares
    have a score already; `grid_id` is theirs.
    """

    tile_id: UUID
    digest: str
    grid_id: UUID | None = field(default=None, compare=False)
    renews: bool = field(default=False, compare=False)

    @property
    def job_id(self) -> str:
        """Get the job's idempotent id."""
        return f"score:{self.tile_id}:{self.digest}"


class JobQueue(Protocol):
    """Where scoring is asked for, after the transaction that made it necessary has committed."""

    def submit(self, request: ScoreRequest, priority: Priority = Priority.LIVE) -> None:
        """Ask for a tile's scores; asking twice for the same changes nothing."""

    def enqueue(self, job_id: str, run: int, *, priority: Priority = Priority.LIVE) -> None:
        """Put one run of a job into the queue; putting the same run twice changes nothing."""

    def hurry(self, job_id: str, run: int) -> None:
        """Let a run that waits come before all others."""


class NoQueue:
    """A queue that nobody works on; the next worker to start finds what is missing by itself."""

    def submit(self, request: ScoreRequest, priority: Priority = Priority.LIVE) -> None:
        """Forget the request."""

    def enqueue(self, job_id: str, run: int, *, priority: Priority = Priority.LIVE) -> None:
        """Forget the run."""

    def hurry(self, job_id: str, run: int) -> None:
        """Forget the run."""
