import errno
from collections.abc import Iterable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from service.database import Database
from service.heartbeat import Heartbeat
from service.job_loop import JobLoop
from service.job_queue import ScoreRequest
from service.jobs import DurableQueue, running_jobs
from service.queries.jobs import StartedJob, start_job
from service.settings import Settings
from service.tables import JobRow, JobState, utc_now
from tests.service.workers import add_requests, read_job, wait_until


class NotedWork:
    device = "test"
    model_id = "none"

    def __init__(self) -> None:
        self.wanted: list[ScoreRequest] = []
        self.done: list[str] = []
        self.given_up: list[tuple[str, str]] = []
        self.fails = False
        self.troubles: list[Exception] = []
        self.last_words: list[BaseException] = []

    def do(self, job: StartedJob) -> None:
        if self.troubles:
            raise self.troubles.pop(0)
        if self.fails:
            raise RuntimeError("no power")
        self.done.append(job.id)

    def give_up(self, job: StartedJob, reason: str) -> None:
        if self.last_words:
            raise self.last_words.pop(0)
        self.given_up.append((job.id, reason))

    def list_wanted(self) -> Iterable[ScoreRequest]:
        return self.wanted

    def tidy(self) -> None:
        pass


@pytest.fixture
def queue(database: Database) -> Iterator[DurableQueue]:
    queue = DurableQueue(database)
    yield queue
    queue.close()


@pytest.fixture
def work() -> NotedWork:
    return NotedWork()


@pytest.fixture
def loop(database: Database, work: NotedWork) -> Iterator[JobLoop]:
    url = database.url.render_as_string()
    loop = JobLoop(Settings(database_url=url, max_attempts=2, max_deaths=2), database, work)
    yield loop
    loop.close()


def test_what_is_wanted_and_in_no_queue_is_asked_for(
    database: Database, queue: DurableQueue, loop: JobLoop, work: NotedWork
) -> None:
    work.wanted = add_requests(database, 2)

    loop.reconcile()
    loop.reconcile()

    assert queue.list_live() == {request.job_id for request in work.wanted}
    assert queue.length() == 2


def test_a_job_that_was_lost_between_the_row_and_the_queue_is_queued_again(
    database: Database, queue: DurableQueue, loop: JobLoop, work: NotedWork
) -> None:
    (request,) = work.wanted = add_requests(database, 1)
    with database.write() as session:
        session.add(
            JobRow(
                id=request.job_id,
                tile_id=request.tile_id,
                state=JobState.RUNNING,
                attempts=1,
                started_at=utc_now() - timedelta(minutes=5),
            )
        )

    loop.reconcile()

    assert queue.list_live() == {request.job_id}
    assert read_job(database, request).state is JobState.QUEUED


def test_a_job_whose_queue_was_away_is_queued_although_nobody_wants_it_any_more(
    database: Database, queue: DurableQueue, loop: JobLoop
) -> None:
    waits, failed, done = add_requests(database, 3)
    states = {waits: JobState.QUEUED, failed: JobState.FAILED, done: JobState.DONE}
    with database.write() as session:
        for request, state in states.items():
            session.add(JobRow(id=request.job_id, tile_id=request.tile_id, state=state))

    loop.reconcile()
    live = queue.list_live()
    loop.run_job(waits.job_id)

    assert live == {waits.job_id, failed.job_id}
    assert read_job(database, waits).state is JobState.DONE


def test_a_job_whose_entry_in_the_queue_ended_without_it_is_queued_again(
    database: Database, queue: DurableQueue, loop: JobLoop, work: NotedWork
) -> None:
    (request,) = work.wanted = add_requests(database, 1)
    queue.submit(request)
    with running_jobs(database.url, "worker", lambda _: None, grace_s=1):
        wait_until(lambda: not queue.list_live())

    loop.reconcile()
    live = queue.list_live()

    assert read_job(database, request).state is JobState.QUEUED
    assert live == {request.job_id}


def test_a_done_job_says_so(
    database: Database, queue: DurableQueue, loop: JobLoop, work: NotedWork
) -> None:
    (request,) = add_requests(database, 1)
    queue.submit(request)

    loop.run_job(request.job_id)

    job = read_job(database, request)
    assert work.done == [request.job_id]
    assert (job.state, job.attempts, job.reason) == (JobState.DONE, 1, None)
    assert job.worker_id == loop.worker_id


def test_a_failed_job_is_queued_again_and_then_given_up(
    database: Database, queue: DurableQueue, loop: JobLoop, work: NotedWork
) -> None:
    (request,) = add_requests(database, 1)
    queue.submit(request)
    work.fails = True

    loop.run_job(request.job_id)
    after_first = read_job(database, request).state
    loop.run_job(request.job_id)

    assert after_first is JobState.FAILED
    assert read_job(database, request).state is JobState.DEAD
    assert work.given_up == [(request.job_id, "RuntimeError: no power")]


def let_two_workers_die_in(database: Database, request: ScoreRequest) -> None:
    for worker in ("first", "second"):  # neither signs on: both are as good as dead
        with database.write() as session:
            start_job(session, request.job_id, worker_id=worker)


def test_a_job_in_which_workers_keep_dying_is_given_up_without_being_tried_again(
    database: Database, queue: DurableQueue, loop: JobLoop, work: NotedWork
) -> None:
    (request,) = add_requests(database, 1)
    queue.submit(request)
    let_two_workers_die_in(database, request)

    loop.run_job(request.job_id)

    assert work.done == []
    assert work.given_up == [(request.job_id, "2 workers died in it")]
    assert read_job(database, request).state is JobState.DEAD


def test_a_worker_that_is_killed_while_it_gives_a_job_up_leaves_it_to_the_next_one(
    database: Database, queue: DurableQueue, loop: JobLoop, work: NotedWork
) -> None:
    (request,) = add_requests(database, 1)
    queue.submit(request)
    work.fails = True
    work.last_words = [KeyboardInterrupt()]

    loop.run_job(request.job_id)
    with pytest.raises(KeyboardInterrupt):
        loop.run_job(request.job_id)
    left = read_job(database, request).state
    loop.run_job(request.job_id)

    assert left is JobState.FAILED
    assert read_job(database, request).state is JobState.DEAD
    assert work.given_up == [(request.job_id, "RuntimeError: no power")]


def test_a_worker_that_is_killed_while_it_buries_a_deadly_job_leaves_it_to_the_next_one(
    database: Database, queue: DurableQueue, loop: JobLoop, work: NotedWork
) -> None:
    (request,) = add_requests(database, 1)
    queue.submit(request)
    let_two_workers_die_in(database, request)
    work.last_words = [KeyboardInterrupt()]

    with pytest.raises(KeyboardInterrupt):
        loop.run_job(request.job_id)
    left = read_job(database, request).state
    loop.run_job(request.job_id)

    assert left is JobState.RUNNING
    assert [job_id for job_id, _ in work.given_up] == [request.job_id]
    assert read_job(database, request).state is JobState.DEAD


def test_a_job_whose_subject_cannot_be_told_is_given_up_all_the_same(
    database: Database, queue: DurableQueue, loop: JobLoop, work: NotedWork
) -> None:
    (request,) = add_requests(database, 1)
    queue.submit(request)
    work.fails = True
    work.last_words = [
        OperationalError("UPDATE", {}, Exception("server closed the connection")),
        ValueError("no such tile"),
    ]

    loop.run_job(request.job_id)
    loop.run_job(request.job_id)

    assert work.last_words == []
    job = read_job(database, request)
    assert (job.state, job.failures) == (JobState.DEAD, 2)


def test_what_is_the_machine_s_fault_is_waited_for_and_costs_no_attempt(
    database: Database, queue: DurableQueue, loop: JobLoop, work: NotedWork
) -> None:
    (request,) = add_requests(database, 1)
    queue.submit(request)
    work.troubles = [
        OSError(errno.ENOSPC, "No space left on device"),
        OperationalError("SELECT", {}, Exception("server closed the connection")),
    ]

    loop.run_job(request.job_id)

    job = read_job(database, request)
    assert (job.state, job.attempts, job.failures) == (JobState.DONE, 1, 0)
    assert work.done == [request.job_id]


def test_a_job_that_another_living_worker_has_is_left_to_it(
    database: Database, queue: DurableQueue, loop: JobLoop, work: NotedWork
) -> None:
    (request,) = add_requests(database, 1)
    queue.submit(request)
    Heartbeat(database, queue, "other", lease_s=6).sign_on(device="cpu", model_id=None)
    with database.write() as session:
        start_job(session, request.job_id, worker_id="other")

    loop.run_job(request.job_id)

    assert work.done == []
    assert read_job(database, request).worker_id == "other"


def test_what_is_done_is_not_done_again(
    database: Database, queue: DurableQueue, loop: JobLoop, work: NotedWork
) -> None:
    (request,) = add_requests(database, 1)
    queue.submit(request)

    loop.run_job(request.job_id)
    loop.run_job(request.job_id)

    assert work.done == [request.job_id]
