from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import make_url

from service.database import Database
from service.job_queue import Priority
from service.jobs import SCHEMA, DurableQueue, job_database_url
from service.queries.jobs import bury_job, fail_job, list_asked, start_job
from service.tables import JobState
from tests.service.workers import add_requests, read_job, wait_until, workers_on

on_both = pytest.mark.parametrize(
    "kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)


@pytest.fixture
def kind() -> str:
    return "sqlite"


@pytest.fixture
def database_url(request: pytest.FixtureRequest, kind: str) -> str:
    url: str = request.getfixturevalue(f"{kind}_url")
    return url


@pytest.fixture
def queue(database: Database) -> Iterator[DurableQueue]:
    queue = DurableQueue(database)
    yield queue
    queue.close()


def url_of(database: Database) -> str:
    return database.url.render_as_string(hide_password=False)


@on_both
def test_the_same_request_twice_is_one_job(database: Database, queue: DurableQueue) -> None:
    (request,) = add_requests(database, 1)

    queue.submit(request)
    queue.submit(request)

    assert queue.length() == 1
    assert request.job_id in queue.list_live()
    assert read_job(database, request).state is JobState.QUEUED


def test_what_waits_runs_or_was_given_up_is_known_and_what_failed_is_not(
    database: Database, queue: DurableQueue
) -> None:
    waits, runs, failed, dead, new = requests = add_requests(database, 5)
    for request in (waits, runs, failed, dead):
        queue.submit(request)
    with database.write() as db:
        for request in (runs, failed, dead):
            start_job(db, request.job_id, worker_id="worker")
        fail_job(db, failed.job_id, "reason")
        bury_job(db, dead.job_id, "reason")

    with database.read() as db:
        assert list_asked(db, requests) == {waits.job_id, runs.job_id, dead.job_id}
        assert list_asked(db, [new]) == frozenset()


@on_both
def test_a_job_of_a_killed_worker_is_finished_by_another_one_once(
    database: Database, queue: DurableQueue, tmp_path: Path
) -> None:
    requests = add_requests(database, 3)
    with workers_on(url_of(database), tmp_path / "log") as workers:
        for _ in range(2):
            workers.start(seconds=1.0)
        for request in requests:
            queue.submit(request)
        wait_until(lambda: workers.lines("start"))
        pid, _, killed_job = workers.lines("start")[0]
        workers.process(pid).kill()
        mine = {request.job_id for request in requests}
        wait_until(lambda: mine <= {job for _, _, job in workers.lines("end")})

    ended = [job for _, _, job in workers.lines("end")]
    assert all(ended.count(job) == 1 for job in mine)
    assert [job for _, _, job in workers.lines("start")].count(killed_job) == 2
    assert pid not in {worker for worker, _, _ in workers.lines("end")}
    killed = next(request for request in requests if request.job_id == killed_job)
    assert read_job(database, killed).attempts == 2


@on_both
def test_a_job_that_its_worker_has_never_heard_of_is_given_back(
    database: Database, queue: DurableQueue
) -> None:
    stranded, runs, other = requests = add_requests(database, 3)
    for request in requests:
        queue.submit(request)
    held_by = {stranded: "worker", runs: "worker", other: "another"}
    on_postgres = database.url.get_backend_name() == "postgresql"
    engine = sa.create_engine(database.url if on_postgres else job_database_url(database.url))
    with engine.begin() as db:
        for request, worker in held_by.items():
            _hold(db, f"{request.job_id}#1", worker, since=timedelta(minutes=1))
    engine.dispose()

    soon = queue.release_stranded("worker", timedelta(minutes=2), running=runs.job_id)
    late = queue.release_stranded("worker", timedelta(seconds=30), running=runs.job_id)

    assert soon == []
    assert late == [stranded.job_id]
    assert queue.length() == 1


def _hold(db: sa.Connection, run: str, worker: str, since: timedelta) -> None:
    """Give a run to a worker, as the queue does, some time ago."""
    table = sa.table(
        "workflow_status",
        *map(sa.column, ("workflow_uuid", "status", "executor_id", "updated_at")),
        schema=None if db.dialect.name == "sqlite" else SCHEMA,
    )
    at_ms = int((datetime.now(UTC) - since).timestamp() * 1000)
    db.execute(
        sa.update(table)
        .where(table.c.workflow_uuid == run)
        .values(status="PENDING", executor_id=worker, updated_at=at_ms)
    )


@on_both
def test_a_job_that_always_fails_is_given_up_with_its_reason_and_not_asked_for_again(
    database: Database, queue: DurableQueue, tmp_path: Path
) -> None:
    (request,) = add_requests(database, 1)
    queue.submit(request)

    with workers_on(url_of(database), tmp_path / "fails", max_attempts=2) as workers:
        workers.start(seconds=0)
        wait_until(lambda: workers.lines("dead"))

        wait_until(lambda: request.job_id not in queue.list_live())
    queue.submit(request)

    job = read_job(database, request)
    assert job.state is JobState.DEAD
    assert job.reason == "ValueError: this work always fails"
    assert request.job_id not in queue.list_live()
    assert [line[2] for line in workers.lines("start")] == [request.job_id] * 2


def test_a_job_that_kills_its_workers_is_given_up(
    database: Database, queue: DurableQueue, tmp_path: Path
) -> None:
    (request,) = add_requests(database, 1)
    queue.submit(request)
    with workers_on(url_of(database), tmp_path / "dies", max_deaths=1) as workers:
        workers.start(seconds=0).wait(30)
        workers.start(seconds=0)
        wait_until(lambda: read_job(database, request).state is JobState.DEAD)

    job = read_job(database, request)
    assert len(workers.lines("dead")) == 1
    assert job.reason == "1 workers died in it"


def test_what_comes_in_now_goes_first_and_all_is_forgotten_in_the_end(
    database: Database, queue: DurableQueue, tmp_path: Path
) -> None:
    old, new = add_requests(database, 2)
    queue.submit(old, Priority.CATCH_UP)
    queue.submit(new, Priority.LIVE)

    with workers_on(url_of(database), tmp_path / "log") as workers:
        workers.start(seconds=0)
        wait_until(lambda: len(workers.lines("end")) == 2)
        wait_until(lambda: not queue.list_live())

    assert [line[2] for line in workers.lines("start")] == [new.job_id, old.job_id]
    assert queue.forget(timedelta(days=1)) == 0
    assert queue.forget(timedelta(0), at_once=1) == 2
    assert queue.forget(timedelta(0)) == 0


def test_a_job_whose_tile_is_gone_does_not_start(database: Database) -> None:
    with database.write() as session:
        assert start_job(session, "score:gone:x", worker_id="w") is None


def test_the_queue_of_sqlite_lies_beside_the_database_and_that_of_postgres_inside() -> None:
    assert job_database_url(make_url("sqlite:////data/ours.sqlite")) == (
        "sqlite:////data/ours-jobs.sqlite"
    )
    inside = job_database_url(make_url("postgresql+psycopg://me:secret@db/screen"))
    limit = "options=--idle_in_transaction_session_timeout%3D60000"
    assert inside == f"postgresql://me:secret@db/screen?{limit}"
