"""Real worker processes for the tests, and what they write down."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa

from service.database import Database
from service.job_queue import ScoreRequest
from service.tables import AtlasRow, GridRow, JobRow, SessionRow, TileRow
from tests.needs import ROOT

LONGEST_S = 120.0
"""How long a test waits for something before it fails."""


@dataclass
class Workers:
    """Worker processes on one database, all writing to one log."""

    url: str
    log: Path
    settings: dict[str, object]
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def start(self, seconds: float) -> "subprocess.Popen[bytes]":
        """Start a worker whose jobs take so long."""
        script = str(ROOT / "tests" / "service" / "work_process.py")
        words = [self.url, str(self.log), str(seconds), json.dumps(self.settings)]
        process = subprocess.Popen(
            [sys.executable, script, *words], cwd=ROOT, env={"PYTHONPATH": str(ROOT)}
        )
        self.processes.append(process)
        return process

    def lines(self, what: str) -> list[list[str]]:
        """What they wrote: pid, time and job of each `start`, `end` or `dead`."""
        if not self.log.exists():
            return []
        lines = [line.split(" ", 3) for line in self.log.read_text().splitlines()]
        return [rest for kind, *rest in lines if kind == what]

    def process(self, pid: str) -> "subprocess.Popen[bytes]":
        return next(process for process in self.processes if process.pid == int(pid))


@contextmanager
def workers_on(url: str, log: Path, **settings: object) -> Iterator[Workers]:
    """Prepare workers that sign on often; end with none left."""
    quick = {"heartbeat_s": 0.3, "lease_s": 2.0, **settings}
    workers = Workers(url, log, quick)
    try:
        yield workers
    finally:
        for process in workers.processes:
            process.kill()
            process.wait()


def wait_until(condition: Callable[[], object]) -> None:
    """Wait for a condition.

    Raises:
        TimeoutError: if it does not come true.
    """
    end_s = time.monotonic() + LONGEST_S
    while not condition():
        if time.monotonic() > end_s:
            raise TimeoutError(f"still not true after {LONGEST_S:.0f} s")
        time.sleep(0.05)


def add_tiles(database: Database, number: int) -> list[UUID]:
    """Add tiles of a new grid."""
    with database.write() as session:
        parent = SessionRow(key=f"Supervisor_{time.monotonic_ns()}")
        session.add(parent)
        session.flush()
        grid = GridRow(session_id=parent.id, sample=1)
        session.add(grid)
        session.flush()
        atlas = AtlasRow(grid_id=grid.id, epu_atlas_id=1)
        session.add(atlas)
        session.flush()
        tiles = [TileRow(atlas_id=atlas.id, name=f"Tile_{n}_{n}_1") for n in range(number)]
        session.add_all(tiles)
        session.flush()
        return [tile.id for tile in tiles]


def add_requests(database: Database, number: int) -> list[ScoreRequest]:
    """Make requests for tiles that exist."""
    return [ScoreRequest(tile_id, "inputs") for tile_id in add_tiles(database, number)]


def read_job(database: Database, request: ScoreRequest) -> JobRow:
    """Read a job's row."""
    with database.read() as session:
        return session.scalars(sa.select(JobRow).where(JobRow.id == request.job_id)).one()
