"""How the web process asks for scores, whatever runs the jobs."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True)
class ScoreRequest:
    """The squares of one tile that need a score.

    `digest` names what is to be computed (squares, their inputs, the model): the same request
    asked twice is one job, a changed one is another.
    """

    tile_id: UUID
    digest: str

    @property
    def job_id(self) -> str:
        """Get the job's idempotent id."""
        return f"score:{self.tile_id}:{self.digest}"


class JobQueue(Protocol):
    """Where scoring is asked for, after the transaction that made it necessary has committed."""

    def submit(self, request: ScoreRequest) -> None:
        """Ask for a tile's scores; asking twice for the same changes nothing."""


class NoQueue:
    """A queue that nobody works on; the next worker to start finds what is missing by itself."""

    def submit(self, request: ScoreRequest) -> None:
        """Forget the request."""
