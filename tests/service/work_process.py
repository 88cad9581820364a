"""A worker process for the tests: its jobs write a line, take a while, and write another.

Called as `work_process.py <database url> <log> <seconds of a job> [<settings as JSON>]`.
"""

import os
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from threading import Event

from service.database import Database
from service.job_loop import JobLoop
from service.job_queue import ScoreRequest
from service.queries.jobs import StartedJob
from service.settings import Settings


class SlowWork:
    """Stands in for the network: writes when it begins and ends; a log named so makes it fail."""

    device = "test"
    model_id = "slow"

    def __init__(self, log: Path, seconds: float) -> None:
        self._log = log
        self._seconds = seconds

    def do(self, job: StartedJob) -> None:
        self._note("start", job.id)
        if self._log.stem == "fails":
            raise ValueError("this work always fails")
        if self._log.stem == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(self._seconds)
        self._note("end", job.id)

    def give_up(self, job: StartedJob, reason: str) -> None:
        self._note("dead", f"{job.id} {reason}")

    def list_wanted(self) -> Iterable[ScoreRequest]:
        return ()

    def tidy(self) -> None:
        pass

    def _note(self, what: str, detail: str) -> None:
        with self._log.open("a") as log:
            log.write(f"{what} {os.getpid()} {time.time():.2f} {detail}\n")


def main(url: str, log: str, seconds: str, settings: str = "{}") -> None:
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    given = Settings.model_validate_json(settings).model_copy(update={"database_url": url})
    loop = JobLoop(given, Database(given.url), SlowWork(Path(log), float(seconds)))
    loop.run(stop)
    loop.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
