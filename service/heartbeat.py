"""A worker's sign of life, and the takeover of the jobs of workers that give none any more."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from os import getpid
from platform import node
from threading import Event
from typing import Protocol
from uuid import uuid4

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from service.database import Database
from service.tables import WorkerRow, WorkerState, utc_now

log = structlog.get_logger()


class WorkerLostError(Exception):
    """Another worker has declared this one dead and taken its jobs."""


class Releases(Protocol):
    """What gives jobs back to the queue."""

    def release(self, worker_ids: list[str]) -> list[str]:
        """Give back what these workers held."""


@dataclass(frozen=True)
class Heartbeat:
    """One worker's row in `worker`."""

    database: Database
    queue: Releases
    worker_id: str
    lease_s: float

    def sign_on(self, *, device: str, model_id: str | None) -> None:
        """Add the row: before the worker takes its first job."""
        with self.database.write() as session:
            now = read_clock(session)
            session.add(
                WorkerRow(
                    id=self.worker_id,
                    host=node(),
                    pid=getpid(),
                    device=device,
                    model_id=model_id,
                    state=WorkerState.IDLE,
                    started_at=now,
                    seen_at=now,
                )
            )

    def beat(self, state: WorkerState) -> list[str]:
        """Sign on again, and take over the jobs of workers that have not for `lease_s`.

        Returns:
            The ids of the jobs that were given back to the queue.

        Raises:
            WorkerLostError: if this worker's own row is gone: what it does is no longer its own.
        """
        with self.database.write() as session:
            now = read_clock(session)
            mine = session.get(WorkerRow, self.worker_id, with_for_update=True)
            if mine is None:
                raise WorkerLostError(f"worker {self.worker_id} was declared dead")
            mine.seen_at, mine.state = now, state
            lease = timedelta(seconds=self.lease_s)
            # Seen in the future: the clock was set back, and who lives signs on again at once.
            silent = sa.or_(WorkerRow.seen_at < now - lease, WorkerRow.seen_at > now + lease)
            dead = list(session.scalars(sa.delete(WorkerRow).where(silent).returning(WorkerRow.id)))
        if not dead:
            return []
        taken = self.queue.release(dead)
        log.warning("took over from silent workers", workers=dead, jobs=taken)
        return taken

    def sign_off(self) -> None:
        """Take the row away and give back what this worker still holds."""
        with self.database.write() as session:
            session.execute(sa.delete(WorkerRow).where(WorkerRow.id == self.worker_id))
        self.queue.release([self.worker_id])


def beat_until(
    stop: Event, heartbeat: Heartbeat, state: Callable[[], WorkerState], every_s: float
) -> None:
    """Beat until told to stop; a worker that was declared dead gets `WorkerLostError`."""
    while not stop.wait(every_s):
        try:
            heartbeat.beat(state())
        except DBAPIError as error:
            # The lease runs on: when the database comes back too late, the row is gone.
            log.warning("heartbeat failed", reason=str(error.orig))


def read_clock(session: Session) -> datetime:
    """Read the one clock that all workers share: Postgres' own, or this machine's with SQLite."""
    if session.get_bind().dialect.name == "postgresql":
        now: datetime = session.scalars(
            sa.select(sa.func.clock_timestamp(type_=sa.DateTime(timezone=True)))
        ).one()
        return now
    return utc_now()


def new_worker_id() -> str:
    """Make an id that no worker before had, so that a dead one never comes back."""
    return f"{node() or 'worker'}-{getpid()}-{uuid4().hex[:8]}"
