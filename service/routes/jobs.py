"""Routes of jobs: what waits, what runs, what was given up, and another chance for that."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from service.access import DecideCaller, ReadCaller
from service.job_queue import Priority
from service.queries import job_answers
from service.schemas import JobAnswer, Page
from service.tables import JobState
from service.web import Limit, Offset, PartsDep, Reader, answer_json

router = APIRouter(tags=["jobs"])


@router.get("/jobs", response_model=Page[JobAnswer])
def list_jobs(
    request: Request,
    db: Reader,
    _: ReadCaller,
    state: Annotated[list[JobState], Query(default_factory=list)],
    limit: Limit = 500,
    offset: Offset = 0,
) -> Response:
    """List jobs, the newest first; `state=dead` are those that were given up."""
    return answer_json(request, job_answers.list_jobs(db, state, limit, offset))


@router.post("/jobs/{job_id}/retry")
def retry_job(job_id: str, parts: PartsDep, caller: DecideCaller) -> JobAnswer:
    """Try again what was given up."""
    with parts.database.write() as db:
        run = job_answers.retry_job(db, job_id, caller.name)
    parts.queue.enqueue(job_id, run, priority=Priority.LIVE)
    with parts.database.read() as db:
        return job_answers.get_job(db, job_id)
