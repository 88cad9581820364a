"""The life of a job's row: queued, running, done, failed and queued again, or dead."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.job_queue import ScoreRequest
from service.queries.parents import insert_if_new
from service.tables import JobKind, JobRow, JobState, utc_now


@dataclass(frozen=True)
class StartedJob:
    """An attempt that a worker has begun; `reason` is why the one before failed."""

    id: str
    kind: JobKind
    tile_id: UUID | None
    attempts: int
    reason: str | None


def queue_score(session: Session, request: ScoreRequest) -> int | None:
    """Record that a tile's scores are wanted.

    Returns:
        The number of the run to put into the queue; None where there is nothing to do, because the
        job runs or was given up.
    """
    new = {"id": request.job_id, "kind": JobKind.SCORE, "tile_id": request.tile_id, "attempts": 0}
    insert_if_new(session, JobRow, new)
    row = session.get_one(JobRow, request.job_id, with_for_update=True)
    if row.state in (JobState.RUNNING, JobState.DEAD):
        return None
    row.state = JobState.QUEUED
    return row.attempts + 1


def start_job(session: Session, job_id: str, *, worker_id: str) -> StartedJob | None:
    """Begin the next attempt of a job; None where its row is gone or it was given up."""
    row = _find_locked(session, job_id)
    if row is None or row.state is JobState.DEAD:
        return None
    row.state = JobState.RUNNING
    row.attempts += 1
    row.worker_id = worker_id
    row.started_at = utc_now()
    row.finished_at = None
    return StartedJob(row.id, row.kind, row.tile_id, row.attempts, row.reason)


def finish_job(session: Session, job_id: str) -> None:
    """Mark a job as done."""
    row = _find_locked(session, job_id)
    if row is not None:
        row.state, row.reason, row.finished_at = JobState.DONE, None, utc_now()


def fail_job(session: Session, job_id: str, reason: str, *, max_attempts: int) -> int | None:
    """Record that an attempt failed.

    Returns:
        The number of the next run; None when that was the last one and the job is dead.
    """
    row = _find_locked(session, job_id)
    if row is None:
        return None
    row.reason, row.finished_at = reason, utc_now()
    row.state = JobState.DEAD if row.attempts >= max_attempts else JobState.FAILED
    return row.attempts + 1 if row.state is JobState.FAILED else None


def fail_lost_jobs(session: Session, live: Collection[str], older_than: timedelta) -> None:
    """Mark jobs as failed that seem to run but are in no queue: a crash came between the two."""
    running = sa.select(JobRow).where(
        JobRow.state == JobState.RUNNING, JobRow.started_at < utc_now() - older_than
    )
    for row in session.scalars(running):
        if row.id not in live:
            row.state = JobState.FAILED


def hand_back_jobs(session: Session, worker_id: str) -> None:
    """Take back the attempts that a worker began and was asked to stop in."""
    rows = session.scalars(
        sa.select(JobRow).where(JobRow.worker_id == worker_id, JobRow.state == JobState.RUNNING)
    )
    for row in rows:
        row.state = JobState.QUEUED
        row.attempts -= 1


def forget_jobs(session: Session, older_than: timedelta) -> None:
    """Drop the rows of jobs that were done long ago."""
    session.execute(
        sa.delete(JobRow).where(
            JobRow.state == JobState.DONE, JobRow.finished_at < utc_now() - older_than
        )
    )


def _find_locked(session: Session, job_id: str) -> JobRow | None:
    return session.get(JobRow, job_id, with_for_update=True)
