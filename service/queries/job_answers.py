"""Jobs as people see them: listed, and tried again once given up."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.errors import ConflictError, NotFoundError
from service.queries.changes import add_event, lock_grid, touch_grid
from service.queries.counting import count
from service.schemas import JobAnswer, Page
from service.tables import (
    AtlasRow,
    JobRow,
    JobState,
    SquareRow,
    SquareStatus,
    TileRow,
    utc_now,
)


def list_jobs(db: Session, states: Sequence[JobState], limit: int, offset: int) -> Page[JobAnswer]:
    """List jobs, the newest first; no states means all."""
    question = _jobs()
    if states:
        question = question.where(JobRow.state.in_(states))
    ordered = question.order_by(JobRow.created_at.desc(), JobRow.id).limit(limit).offset(offset)
    items = [JobAnswer.model_validate(row) for row in db.execute(ordered)]
    return Page(items=items, total=count(db, question))


def get_job(db: Session, job_id: str) -> JobAnswer:
    """Get one job.

    Raises:
        NotFoundError: if there is none of that id.
    """
    row = db.execute(_jobs().where(JobRow.id == job_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"no job {job_id}")
    return JobAnswer.model_validate(row)


def retry_job(db: Session, job_id: str, actor: str) -> int:
    """Give a job that was given up another chance, and its failed squares with it.

    Returns:
        The number of the run to put into the queue.

    Raises:
        NotFoundError: if there is none of that id.
        ConflictError: if it was not given up.
    """
    job = db.get(JobRow, job_id, with_for_update=True)
    if job is None:
        raise NotFoundError(f"no job {job_id}")
    if job.state is not JobState.DEAD:
        raise ConflictError(f"job {job_id} is {job.state}, expected dead")
    job.state, job.reason, job.failures, job.deaths = JobState.QUEUED, None, 0, 0
    grid_id = None if job.tile_id is None else _want_again(db, job.tile_id)
    add_event(db, "job.retry", actor=actor, grid_id=grid_id, subject_id=job_id)
    return job.attempts + 1


def list_waiting_runs(db: Session, grid_id: UUID) -> list[tuple[str, int]]:
    """List the runs that wait for a grid: job ids and the numbers of their runs."""
    rows = db.execute(
        sa.select(JobRow.id, JobRow.attempts)
        .join(TileRow, TileRow.id == JobRow.tile_id)
        .join(AtlasRow, AtlasRow.id == TileRow.atlas_id)
        .where(AtlasRow.grid_id == grid_id, JobRow.state == JobState.QUEUED)
    )
    return [(job_id, attempts + 1) for job_id, attempts in rows]


def _want_again(db: Session, tile_id: UUID) -> UUID:
    """Let a tile's failed squares wait for a score again; return their grid."""
    grid_id = db.scalars(
        sa.select(AtlasRow.grid_id)
        .join(TileRow, TileRow.atlas_id == AtlasRow.id)
        .where(TileRow.id == tile_id)
    ).one()
    grid = lock_grid(db, grid_id)
    db.execute(
        sa.update(SquareRow)
        .where(SquareRow.tile_id == tile_id, SquareRow.status == SquareStatus.FAILED)
        .values(status=SquareStatus.WAITING, reason=None, scored_input=None, updated_at=utc_now())
    )
    touch_grid(db, grid)
    return grid_id


def _jobs() -> sa.Select[*tuple[object, ...]]:
    return (
        sa.select(*JobRow.__table__.columns, TileRow.name.label("tile_name"), AtlasRow.grid_id)
        .select_from(JobRow)
        .join(TileRow, TileRow.id == JobRow.tile_id, isouter=True)
        .join(AtlasRow, AtlasRow.id == TileRow.atlas_id, isouter=True)
    )
