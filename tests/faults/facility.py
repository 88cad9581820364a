"""Web, worker and ingest as processes of their own that a test may kill, stop and start again.

They are forked from a server that has imported everything: a restart then costs a tenth of a second
instead of many, and a test kills more often what is at work than what is still starting.
"""

import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

from service.cli import main
from service.database import Database, migrate
from service.jobs import job_database_url, make_queue_tables
from service.tokens import Scope, create_token
from tests.faults import quick_worker
from tests.pipeline.running import free_port

GRACE_S = 40.0
PR_SET_PDEATHSIG = 1
WORKER, QUICK_WORKER = ["worker"], ["quick-worker"]
PRELOAD = [
    "tests.faults.facility",
    "ingest.command",
    "service.commands.serve",
    "service.commands.worker",
]


@dataclass
class Part:
    """One process, started again under the same name as often as need be."""

    name: str
    words: list[str]
    environment: dict[str, str]
    log: Path
    process: BaseProcess | None = None

    def start(self) -> None:
        """Start it."""
        given = (self.words, self.environment, str(self.log))
        self.process = _forks().Process(target=run_command, args=given, name=self.name)
        self.process.start()

    @property
    def is_up(self) -> bool:
        """Whether it runs (or is stopped in its tracks)."""
        return self.process is not None and self.process.is_alive()

    @property
    def pid(self) -> int:
        """Its process."""
        assert self.process is not None
        assert self.process.pid is not None
        return self.process.pid

    def send(self, number: signal.Signals) -> None:
        """Send a signal, where there is still somebody to get it."""
        if self.is_up:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def end(self, number: signal.Signals) -> int | None:
        """End it and wait for the end; give its exit status."""
        if self.process is None:
            return None
        self.send(number)
        self.process.join(GRACE_S)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        return self.process.exitcode


@dataclass
class Facility:
    """A service on one machine: three programs, one database, one data folder."""

    database: Database
    data: Path
    watch: Path
    port: int
    token: str
    parts: dict[str, Part] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Address of the web process."""
        return f"http://127.0.0.1:{self.port}"

    def add(self, name: str, words: list[str], **variables: str) -> Part:
        """Declare a part; `words` are its command line after `xcryonet`."""
        ours = {
            "XCRYONET_DATA_DIR": str(self.data),
            "XCRYONET_DATABASE_URL": self.database.url.render_as_string(hide_password=False),
            "XCRYONET_TOKEN": self.token,
        }
        log = self.data.parent / f"{name}.log"
        self.parts[name] = Part(name, words, ours | variables, log)
        return self.parts[name]

    def freeze(self, part: Part) -> None:
        """Stop a program where it holds no lock on a SQLite file.

        In the middle of a write it would keep the file locked: nobody could take over, for which
        SQLite has no remedy.
        """
        queue = Database(job_database_url(self.database.url))
        with self.database.write(), queue.write():
            part.send(signal.SIGSTOP)
        queue.close()

    def keep_up(self) -> None:
        """Start again whatever has ended."""
        for part in self.parts.values():
            if not part.is_up:
                part.start()

    def close(self) -> None:
        """End everything."""
        for part in self.parts.values():
            part.send(signal.SIGCONT)
            part.end(signal.SIGKILL)


@contextmanager
def facility_on(
    database_url: str, folder: Path, worker: list[str] = QUICK_WORKER
) -> Iterator[Facility]:
    """Prepare web, worker and ingest over a new database; none is started yet.

    Args:
        database_url: of the database; its tables are made.
        folder: gets the data, the watched folder and a log for each program.
        worker: the command of its worker.
    """
    migrate(database_url)
    database = Database(database_url)
    make_queue_tables(database.url)
    data, watch = folder / "data", folder / "watch"
    data.mkdir(parents=True, exist_ok=True)
    watch.mkdir(exist_ok=True)
    with database.write() as db:
        token = create_token(db, "microscope", [Scope.INGEST, Scope.READ])
    facility = Facility(database, data, watch, free_port(), token)
    facility.add("web", ["serve", "--port", str(facility.port)])
    facility.add("worker", worker)
    facility.add("ingest", ["ingest", "--watch", str(watch), "--url", facility.url])
    try:
        yield facility
    finally:
        facility.close()
        database.close()


def run_command(words: list[str], variables: dict[str, str], log: str) -> None:
    """Be one of our programs; runs in the forked process, which ends with the one it came from."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.environ.update(variables)  # noqa: TID251 - a child's own
    number = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for output in (1, 2):
        os.dup2(number, output)
    sys.exit(quick_worker.main() if words == QUICK_WORKER else main(words))


def _forks() -> multiprocessing.context.ForkServerContext:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # noqa: TID251 - for the server that forks
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    return context
