"""A worker's loop: takes jobs, counts their attempts, gives up on some, and shows that it lives."""

import logging
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread
from typing import NoReturn, Protocol

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import DBAPIError

from service.database import Database
from service.heartbeat import Heartbeat, WorkerLostError, beat_until, new_worker_id
from service.job_queue import Priority, ScoreRequest
from service.jobs import DurableQueue, running_jobs
from service.patience import patiently
from service.queries.jobs import (
    Failure,
    StartedJob,
    bury_job,
    fail_job,
    finish_job,
    forget_jobs,
    hand_back_jobs,
    recall_lost_jobs,
    start_job,
)
from service.settings import Settings
from service.tables import WorkerRow, WorkerState

GRACE_S = 5
"""How long a job may still run when the worker is asked to stop."""

RECONCILE_S = 30.0
"""How often work that nobody has asked for is looked for."""

TIDY_S = 3600.0
"""How often what nobody needs any more is removed."""

KEEP_DONE = timedelta(days=7)
"""How long rows of finished jobs are kept."""

LOST_EXIT_CODE = 75
"""The exit status of a worker that was declared dead (EX_TEMPFAIL: start it again)."""

log = structlog.get_logger()


class Work(Protocol):
    """What a worker can do."""

    @property
    def device(self) -> str:
        """Get what it works on, for people."""

    @property
    def model_id(self) -> str:
        """Get the name of the network it works with."""

    def do(self, job: StartedJob) -> None:
        """Do a job; may raise anything."""

    def give_up(self, job: StartedJob, reason: str) -> None:
        """Note on the job's subject that it will not be done; doing so twice changes nothing."""

    def list_wanted(self) -> Iterable[ScoreRequest]:
        """List what should have been asked for, whether it was or not."""

    def tidy(self) -> None:
        """Remove what nobody needs any more; called every now and then."""


class JobLoop:
    """One worker process at work."""

    def __init__(self, settings: Settings, database: Database, work: Work) -> None:
        """Open the queue; `settings` and `database` are those of the service it works for."""
        self._settings = settings
        self._work = work
        self._database = database
        self._queue = DurableQueue(database)
        self._running: str | None = None
        self._tidy_at = 0.0
        self.worker_id = new_worker_id()

    def run(self, stop: Event) -> None:
        """Take jobs until told to stop; then finish what runs, or hand it back after a while."""
        heartbeat = Heartbeat(self._database, self._queue, self.worker_id, self._settings.lease_s)
        heartbeat.sign_on(device=self._work.device, model_id=self._work.model_id)
        log.info("worker started", worker=self.worker_id, device=self._work.device)
        with (
            self._beating(heartbeat),
            running_jobs(self._settings.url, self.worker_id, self.run_job, GRACE_S),
        ):
            self._reconcile_until(stop)
        unfinished = self._running
        try:
            with self._database.write() as session:
                hand_back_jobs(session, self.worker_id)
            heartbeat.sign_off()
        except DBAPIError as error:
            log.warning("could not sign off; the lease will end", reason=str(error.orig))
        log.info("worker stopped", worker=self.worker_id, handed_back=unfinished)
        if unfinished is not None:
            _exit_at_once(0)

    def close(self) -> None:
        """Close the queue."""
        self._queue.close()

    def run_job(self, job_id: str) -> None:
        """Do one job and write down how it went."""
        job = patiently("start a job", lambda: self._start(job_id))
        if job is None:
            return
        self._running = job_id
        try:
            patiently("do a job", lambda: self._attempt(job))
        except Exception as error:
            log.exception("job failed", job=job_id, attempt=job.attempts)
            self._fail(job, f"{type(error).__name__}: {error}")
        finally:
            self._running = None

    def reconcile(self) -> None:
        """Ask for what is wanted and in no queue, and free jobs that a dead worker still holds."""
        quiet = timedelta(seconds=2 * self._settings.lease_s)
        gone = self._queue.list_holders(quiet) - self._list_workers()
        if gone:
            log.warning("released jobs of dead workers", jobs=self._queue.release(sorted(gone)))
        mine = self._queue.release_stranded(self.worker_id, quiet, running=self._running)
        if mine:
            log.warning("released jobs that were taken and not begun", jobs=mine)
        live = self._queue.list_live()
        with self._database.write() as session:
            lost = recall_lost_jobs(session, live, quiet)
            forget_jobs(session, KEEP_DONE)
        wanted = {request.job_id: request for request in self._work.list_wanted()}
        for job_id, run in lost.items():
            self._queue.enqueue_again(job_id, run, _priority(wanted.get(job_id)))
        for request in wanted.values():
            if request.job_id not in live | lost.keys():
                self._queue.submit(request, _priority(request))
        if time.monotonic() >= self._tidy_at:
            self._tidy_at = time.monotonic() + TIDY_S
            self._queue.forget(KEEP_DONE)
            self._work.tidy()

    def _start(self, job_id: str) -> StartedJob | None:
        with self._database.write() as session:
            return start_job(session, job_id, worker_id=self.worker_id)

    def _attempt(self, job: StartedJob) -> None:
        if job.deaths >= self._settings.max_deaths:
            self._bury(job, f"{job.deaths} workers died in it")
            return
        self._work.do(job)
        with self._database.write() as session:
            finish_job(session, job.id)

    def _fail(self, job: StartedJob, reason: str) -> None:
        failure = patiently("note a failure", lambda: self._note_failure(job, reason))
        if failure is None:
            return
        if failure.failures >= self._settings.max_attempts:
            self._bury(job, reason)
            return
        run, delay_s = failure.run, 2.0 ** (failure.failures - 1)
        patiently("queue a job again", lambda: self._queue.enqueue(job.id, run, delay_s=delay_s))

    def _note_failure(self, job: StartedJob, reason: str) -> Failure | None:
        with self._database.write() as session:
            return fail_job(session, job.id, reason)

    def _bury(self, job: StartedJob, reason: str) -> None:
        """Give a job up: its subject first, so that a crash in between leaves a job to do again."""
        log.error("job given up", job=job.id, attempts=job.attempts, reason=reason)
        try:
            patiently("give a job's subject up", lambda: self._work.give_up(job, reason))
        except (DBAPIError, OSError, ValueError):
            log.exception("subject of a dead job not marked", job=job.id)
        patiently("give a job up", lambda: self._note_death(job, reason))

    def _note_death(self, job: StartedJob, reason: str) -> None:
        with self._database.write() as session:
            bury_job(session, job.id, reason)

    def _reconcile_until(self, stop: Event) -> None:
        while True:
            try:
                self.reconcile()
            except (DBAPIError, OSError) as error:
                log.warning("could not look for forgotten work", reason=str(error))
            if stop.wait(RECONCILE_S):
                log.info("worker stopping", worker=self.worker_id, job=self._running)
                return

    def _list_workers(self) -> set[str]:
        with self._database.read() as session:
            return set(session.scalars(sa.select(WorkerRow.id)))

    @contextmanager
    def _beating(self, heartbeat: Heartbeat) -> Iterator[None]:
        stop = Event()

        def beat() -> None:
            try:
                beat_until(stop, heartbeat, self._state, self._settings.heartbeat_s)
            except WorkerLostError as error:
                log.critical("worker lost", reason=str(error))
                _exit_at_once(LOST_EXIT_CODE)

        thread = Thread(target=beat, name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _state(self) -> WorkerState:
        return WorkerState.IDLE if self._running is None else WorkerState.BUSY


def _priority(request: ScoreRequest | None) -> Priority:
    return Priority.RENEW if request is not None and request.renews else Priority.CATCH_UP


def _exit_at_once(code: int) -> NoReturn:
    """End the process although a job runs: what it would write is no longer its own."""
    logging.shutdown()
    os._exit(code)
