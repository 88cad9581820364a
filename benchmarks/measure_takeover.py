"""How long a killed worker's tile waits for another, and a silent share's tile for its place."""

import os
import shutil
import signal
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from benchmarks.figure import Figure
from ingest.pending import SettledFile
from ingest.watch import WatchSettings, settled_files
from service.tables import JobRow, JobState, WorkerRow
from simulate.session import write_session
from tests.faults.facility import QUICK_WORKER, Facility, facility_on
from tests.faults.quick_worker import TILE_S
from tests.simulate.sessions import plan

Found = TypeVar("Found")

REPETITIONS = 5
TILES = 5


@dataclass(frozen=True)
class Holder:
    """A worker in the middle of a job."""

    worker_id: str
    pid: int
    job_id: str


def measure() -> Iterator[Figure]:
    """Kill workers in the middle of a tile; then write tiles where no event tells of them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_session(folder / "made", plan())
        waits = [_take_over(folder, number) for number in range(REPETITIONS)]
        yield Figure("killed worker's job begun by another, worst of 5", max(waits), "s")
        yield Figure("the same, median", statistics.median(waits), "s")
        queued = _follow_silent_share(folder / "silent", folder / "made")
        yield Figure(
            f"silent share, 1 s polling: last byte to taken in, worst of {len(queued)}",
            max(queued),
            "s",
        )
        yield Figure("the same, median", statistics.median(queued), "s")


def _take_over(folder: Path, number: int) -> float:
    """Stop a worker that has a job, as its death would, and wait until another begins it."""
    here = folder / f"takeover{number}"
    url = f"sqlite:///{folder / f'takeover{number}'}.sqlite"
    with facility_on(url, here) as facility:
        facility.add("second", QUICK_WORKER)
        for name in ("worker", "second"):
            facility.parts[name].environment[TILE_S] = "3"
        shutil.copytree(folder / "made", facility.watch, dirs_exist_ok=True)
        facility.keep_up()
        holder = _wait(lambda: _find_holder(facility), 600)
        os.kill(holder.pid, signal.SIGKILL)
        start = time.monotonic()
        _wait(lambda: _begun_by_another(facility, holder), 60)
        return time.monotonic() - start


def _find_holder(facility: Facility) -> Holder | None:
    """Find a worker that has a job."""
    with facility.database.read() as db:
        found = db.execute(
            sa.select(WorkerRow.id, WorkerRow.pid, JobRow.id)
            .join(JobRow, JobRow.worker_id == WorkerRow.id)
            .where(JobRow.state == JobState.RUNNING)
        ).first()
        both = db.scalar(sa.select(sa.func.count()).select_from(WorkerRow)) == 2
    if found is None or not both or found[1] is None:
        return None
    return Holder(found[0], found[1], found[2])


def _begun_by_another(facility: Facility, holder: Holder) -> bool:
    with facility.database.read() as db:
        row = db.get_one(JobRow, holder.job_id)
        return row.worker_id != holder.worker_id or row.state is JobState.DONE


def _follow_silent_share(here: Path, made: Path) -> list[float]:
    """Write tiles one by one into a folder that is only polled; time until each is handed out."""
    (atlas,) = {path.parent for path in made.rglob("Tile_*.mrc")}
    target = here / atlas.relative_to(made)
    target.mkdir(parents=True)
    names = sorted({p.stem for p in atlas.glob("Tile_*")}, key=lambda s: int(s.split("_")[2]))
    seen: dict[str, float] = {}
    stop = threading.Event()

    def watch() -> None:
        for item in settled_files(here, settings=WatchSettings(polling=True), stop=stop):
            if isinstance(item, SettledFile):
                seen[item.path.name] = time.monotonic()

    watcher = threading.Thread(target=watch)
    watcher.start()
    waits = []
    try:
        for name in names[:TILES]:
            paths = sorted(atlas.glob(f"{name}.*"))
            for path in paths:
                shutil.copyfile(path, target / path.name)
            closed = time.monotonic()
            wanted = {path.name for path in paths}
            _wait(partial(_have_come, wanted, seen), 60)
            waits.append(max(seen[one] for one in wanted) - closed)
            time.sleep(1.3)
    finally:
        stop.set()
        watcher.join()
    return waits


def _have_come(wanted: set[str], seen: dict[str, float]) -> bool:
    return wanted <= seen.keys()


def _wait(ask: Callable[[], Found | None], longest_s: float) -> Found:
    until = time.monotonic() + longest_s
    while not (found := ask()):
        if time.monotonic() > until:
            raise TimeoutError(f"still not so after {longest_s:.0f} s")
        time.sleep(0.02)
    return found
