"""Durable jobs: DBOS Transact behind one queue class and one context manager.

DBOS keeps the order, the delay and which process has a job: in a SQLite file beside our database,
or in the schema `dbos` of our Postgres database. What people see of a job (state, attempts, reason)
is our row in `job`. A job carries only its id; one run of it is a DBOS workflow named
`<job id>#<number of the run>`.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer, EnqueueOptions, WorkflowStatus
from sqlalchemy import URL

from service.database import STUCK_WRITER_S, Database
from service.job_queue import Priority, ScoreRequest
from service.queries.jobs import queue_score

APPLICATION = "xcryonet"
QUEUE = "jobs"
SCHEMA = "dbos"
WORKFLOW = "run_job"
VERSION = "1"
"""Pinned: DBOS' default is a hash of the code, which would strand queued jobs at an upgrade."""

POLL_S = 0.2
"""How often a worker looks for a job."""

_FORGET_AT_ONCE = 500


class DurableQueue:
    """The queue of jobs, for every process that asks for work or looks after it."""

    def __init__(self, database: Database) -> None:
        """Open the queue, making its tables where they are not there yet."""
        self._database = database
        self._client = _open_client(database.url)

    def submit(self, request: ScoreRequest, priority: Priority = Priority.LIVE) -> None:
        """Ask for a tile's scores; what waits, runs or was given up is not asked for again."""
        with self._database.write() as session:
            run = queue_score(session, request)
        if run is not None:
            self.enqueue(request.job_id, run, priority=priority)

    def enqueue(
        self, job_id: str, run: int, *, priority: Priority = Priority.LIVE, delay_s: float = 0.0
    ) -> None:
        """Put one run of a job into the queue; putting the same run twice changes nothing."""
        self._put(job_id, str(run), priority, delay_s)

    def hurry(self, job_id: str, run: int) -> None:
        """Let a run that waits come before all others.

        It is put into the queue a second time: what comes later finds that nothing is left to do.
        """
        self._put(job_id, f"{run}!", Priority.LOOKED_AT)

    def enqueue_again(self, job_id: str, run: int, priority: Priority) -> None:
        """Put a run into the queue that should be in it and is not, however it was lost.

        Its first entry may have ended without it: this one has a name that no other ever had.
        """
        self._put(job_id, f"{run}+{uuid4().hex[:8]}", priority)

    def list_live(self) -> frozenset[str]:
        """List the ids of the jobs that wait or run."""
        return frozenset(map(_job_id, self._list(["ENQUEUED", "DELAYED", "PENDING"])))

    def length(self) -> int:
        """Count the jobs that wait."""
        return len(self._list(["ENQUEUED", "DELAYED"]))

    def list_holders(self, quiet: timedelta) -> frozenset[str]:
        """List the workers that hold a job which has not changed hands for so long."""
        held = self._list_held(quiet)
        return frozenset(run.executor_id for run in held if run.executor_id is not None)

    def release(self, worker_ids: Sequence[str]) -> list[str]:
        """Give the jobs of workers that are gone back to the queue.

        Returns:
            The ids of the jobs.
        """
        return self._give_back(run for run in self._list_held() if run.executor_id in worker_ids)

    def release_stranded(
        self, worker_id: str, quiet: timedelta, *, running: str | None
    ) -> list[str]:
        """Give back what a living worker holds and does not do.

        DBOS notes that a worker has a run before the worker learns of it: a database that goes away
        between the two leaves a run that nobody does and nobody takes over.

        Args:
            worker_id: who asks.
            quiet: leave runs alone that changed hands later than so long ago.
            running: the job that this worker does.

        Returns:
            The ids of the jobs.
        """
        return self._give_back(
            run
            for run in self._list_held(quiet)
            if run.executor_id == worker_id and _job_id(run) != running
        )

    def forget(self, older_than: timedelta, *, at_once: int = _FORGET_AT_ONCE) -> int:
        """Drop what DBOS remembers of runs that ended long ago, so many in one question.

        Returns:
            How many were dropped.
        """
        before = (datetime.now(UTC) - older_than).isoformat()
        dropped = 0
        while True:
            ended = self._client.list_workflows(
                name=WORKFLOW,
                completed_before=before,
                limit=at_once,
                load_input=False,
                load_output=False,
            )
            if ended:
                self._client.delete_workflows([run.workflow_id for run in ended])
            dropped += len(ended)
            if len(ended) < at_once:
                return dropped

    def close(self) -> None:
        """Close the connections."""
        self._client.destroy()

    def _put(self, job_id: str, entry: str, priority: Priority, delay_s: float = 0.0) -> None:
        options: EnqueueOptions = {
            "workflow_name": WORKFLOW,
            "queue_name": QUEUE,
            "workflow_id": f"{job_id}#{entry}",
            "app_version": VERSION,
            "priority": int(priority),
        }
        if delay_s > 0:
            options["delay_seconds"] = delay_s
        self._client.enqueue(options, job_id)

    def _list_held(self, quiet: timedelta = timedelta(0)) -> list[WorkflowStatus]:
        before_ms = (datetime.now(UTC) - quiet).timestamp() * 1000
        held = self._list(["PENDING"])
        return [run for run in held if not quiet or (run.updated_at or 0) <= before_ms]

    def _give_back(self, runs: Iterable[WorkflowStatus]) -> list[str]:
        held = list(runs)
        if held:
            self._client.resume_workflows([run.workflow_id for run in held], queue_name=QUEUE)
        return [_job_id(run) for run in held]

    def _list(self, states: list[str]) -> list[WorkflowStatus]:
        return self._client.list_workflows(
            name=WORKFLOW, status=states, load_input=False, load_output=False
        )


@contextmanager
def running_jobs(
    url: URL, worker_id: str, run: Callable[[str], None], grace_s: float
) -> Iterator[None]:
    """Take jobs from the queue, one at a time, while the block lasts.

    Args:
        url: Our database.
        worker_id: Unique among all workers that ever were: two of one name would both run a job.
        run: Does the job of that id; it reports failure in our own row and must not raise.
        grace_s: How long a job that runs at the end of the block is waited for.
    """
    DBOS(
        config={
            "name": APPLICATION,
            "system_database_url": job_database_url(url),
            "dbos_system_schema": SCHEMA,
            "application_version": VERSION,
            "executor_id": worker_id,
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "WARNING",
        }
    )

    def run_job(job_id: str) -> None:
        run(job_id)

    # Attempts are counted in our own row: DBOS' counter starts again when a job is taken over.
    DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)(run_job)
    DBOS.listen_queues([QUEUE])
    DBOS.launch()
    try:
        yield
    finally:
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=round(grace_s))


def job_database_url(url: URL) -> str:
    """Say where DBOS keeps its tables, given where ours are."""
    if url.get_backend_name() == "sqlite":
        ours = Path(str(url.database))
        url = url.set(database=str(ours.with_name(f"{ours.stem}-jobs{ours.suffix}")))
    else:
        limit = f"--idle_in_transaction_session_timeout={round(STUCK_WRITER_S * 1000)}"
        url = url.set(drivername="postgresql", query={"options": limit} | url.query)
    return url.render_as_string(hide_password=False)


def make_queue_tables(url: URL) -> None:
    """Make DBOS' tables where they are missing, given where ours are."""
    where = job_database_url(url)
    if url.get_backend_name() == "sqlite":
        _prepare_sqlite(where)
    DBOS.migrate(where, schema=SCHEMA)


def _open_client(url: URL) -> DBOSClient:
    """Connect to a queue that is there afterwards."""
    where = job_database_url(url)
    make_queue_tables(url)
    client = DBOSClient(
        system_database_url=where,
        dbos_system_schema=SCHEMA,
        serializer=DBOSPortableJSONSerializer(),
        application_name=APPLICATION,
        retry_connection_errors=False,
    )
    client.register_queue(QUEUE, worker_concurrency=1, polling_interval_sec=POLL_S)
    return client


def _prepare_sqlite(url: str) -> None:
    """Let readers and a writer work side by side: the mode stays with the file."""
    path = Path(url.removeprefix("sqlite:///"))
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, timeout=30)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")


def _job_id(run: WorkflowStatus) -> str:
    return run.workflow_id.rpartition("#")[0]
