"""The life of a job's row: queued, running, done, failed and queued again, or dead."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.job_queue import ScoreRequest
from service.queries.parents import insert_if_new
from service.tables import JobKind, JobRow, JobState, WorkerRow, utc_now

ASKED_AT_ONCE = 1000
"""Ids in one question: a database allows so many values and no more."""


@dataclass(frozen=True)
class StartedJob:
    """An attempt that a worker has begun; in `deaths` others the worker died."""

    id: str
    kind: JobKind
    tile_id: UUID | None
    attempts: int
    deaths: int


@dataclass(frozen=True)
class Failure:
    """A failed attempt: the number of the next run, and how many have failed so far."""

    run: int
    failures: int


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


def list_asked(session: Session, requests: Sequence[ScoreRequest]) -> frozenset[str]:
    """List the jobs that wait, run or were given up, among those of some requests."""
    states = (JobState.QUEUED, JobState.RUNNING, JobState.DEAD)
    found: set[str] = set()
    for start in range(0, len(requests), ASKED_AT_ONCE):
        ids = [request.job_id for request in requests[start : start + ASKED_AT_ONCE]]
        asked = sa.select(JobRow.id).where(JobRow.id.in_(ids), JobRow.state.in_(states))
        found.update(session.scalars(asked))
    return frozenset(found)


def start_job(session: Session, job_id: str, *, worker_id: str) -> StartedJob | None:
    """Begin the next attempt of a job.

    Returns:
        None where there is nothing to do: its row is gone, it is done or given up, or a worker
        that lives has it.
    """
    row = _find_locked(session, job_id)
    if row is None or row.state in (JobState.DONE, JobState.DEAD):
        return None
    if row.state is JobState.RUNNING:
        if row.worker_id != worker_id and _is_signed_on(session, row.worker_id):
            return None
        row.deaths += 1
    row.state = JobState.RUNNING
    row.attempts += 1
    row.worker_id = worker_id
    row.started_at = utc_now()
    row.finished_at = None
    return StartedJob(row.id, row.kind, row.tile_id, row.attempts, row.deaths)


def finish_job(session: Session, job_id: str) -> None:
    """Mark a job as done."""
    row = _find_locked(session, job_id)
    if row is not None:
        row.state, row.reason, row.finished_at = JobState.DONE, None, utc_now()
        row.failures = row.deaths = 0


def fail_job(session: Session, job_id: str, reason: str) -> Failure | None:
    """Record that an attempt failed; None when there is no such job any more."""
    row = _find_locked(session, job_id)
    if row is None:
        return None
    row.reason, row.finished_at = reason, utc_now()
    row.failures += 1
    row.state = JobState.FAILED
    return Failure(run=row.attempts + 1, failures=row.failures)


def bury_job(session: Session, job_id: str, reason: str) -> None:
    """Give a job up."""
    row = _find_locked(session, job_id)
    if row is not None:
        row.state, row.reason, row.finished_at = JobState.DEAD, reason, utc_now()


def recall_lost_jobs(
    session: Session, live: Collection[str], older_than: timedelta
) -> dict[str, int]:
    """Let jobs wait again that are in no queue: a crash or an outage came between row and queue.

    Args:
        session: a writing one.
        live: jobs that are in the queue.
        older_than: leave jobs alone that were begun later than so long ago.

    Returns:
        Their ids, and the number of each one's next run.
    """
    asked = JobRow.state.in_((JobState.QUEUED, JobState.FAILED))
    begun = sa.and_(JobRow.state == JobState.RUNNING, JobRow.started_at < utc_now() - older_than)
    lost = {}
    question = sa.select(JobRow).where(sa.or_(asked, begun)).with_for_update()
    for row in session.scalars(question):
        if row.id not in live:
            row.state = JobState.QUEUED
            lost[row.id] = row.attempts + 1
    return lost


def hand_back_jobs(session: Session, worker_id: str) -> None:
    """Take back what a worker was asked to stop in: it neither failed nor died."""
    rows = session.scalars(
        sa.select(JobRow).where(JobRow.worker_id == worker_id, JobRow.state == JobState.RUNNING)
    )
    for row in rows:
        row.state = JobState.QUEUED


def forget_jobs(session: Session, older_than: timedelta) -> None:
    """Drop the rows of jobs that were done long ago."""
    session.execute(
        sa.delete(JobRow).where(
            JobRow.state == JobState.DONE, JobRow.finished_at < utc_now() - older_than
        )
    )


def _is_signed_on(session: Session, worker_id: str | None) -> bool:
    return worker_id is not None and session.get(WorkerRow, worker_id) is not None


def _find_locked(session: Session, job_id: str) -> JobRow | None:
    return session.get(JobRow, job_id, with_for_update=True)
