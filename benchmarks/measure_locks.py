"""Ingest, a worker, two writers and twenty pollers on one SQLite file: is it ever locked?

`XCRYONET_BENCH_LONG=1`: for ten minutes.
"""

import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import httpx2
import sqlalchemy as sa

from benchmarks.figure import Figure
from benchmarks.loaded import LONG, grid_ids, service_under_load
from benchmarks.senders import client_of, ingest_until, put_tile
from ingest.records import AtlasKey
from service.tables import SquareRow
from tests.faults.facility import Facility

SPAN_S = 600.0 if LONG else 30.0
WRITERS, POLLERS = 2, 20
TIMEOUT_S = 300.0
"""Far above what SQLite waits for a lock: a busy machine is slow, and not to be taken for it."""

WORDS = "locked"
"""What SQLite says, whatever of: database, table, schema."""


class Seen:
    """What came of all requests."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.errors: list[str] = []
        self._lock = threading.Lock()

    def note(self, what: str, answer: httpx2.Response, *fine: int) -> None:
        """Count an answer."""
        with self._lock:
            self.counts[what] += 1
            if answer.status_code not in fine:
                self.errors.append(answer.text)


def measure() -> Iterator[Figure]:
    """Keep all of them at it for a while, then look for the word in answers and logs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'locks'}.sqlite"
        with service_under_load(url, folder / "locks") as facility:
            yield from _measure(facility, folder / "locks")


def _measure(facility: Facility, folder: Path) -> Iterator[Figure]:
    client = client_of(facility)
    put_tile(client, AtlasKey(session_key="locks", sample=1, epu_atlas_id=1), 0)
    client.close()
    grid, seen, stop = grid_ids(facility)[0], Seen(), threading.Event()
    with ThreadPoolExecutor(1 + WRITERS + POLLERS) as pool:
        ingest = pool.submit(ingest_until, facility, "locks", stop, 1.0)
        tasks = [pool.submit(_decide_until, facility, stop, seen) for _ in range(WRITERS)]
        tasks += [pool.submit(_look_until, facility, grid, stop, seen) for _ in range(POLLERS)]
        start = time.monotonic()
        while time.monotonic() < start + SPAN_S and not any(task.done() for task in tasks):
            time.sleep(0.5)
        span_s = time.monotonic() - start
        stop.set()
        tiles = ingest.result()
        for task in tasks:
            task.result()
    logs = "".join(path.read_text() for path in folder.glob("*.log"))
    locked = logs.count(WORDS) + sum(WORDS in error for error in seen.errors)
    what = f"SQLite, ingest, worker, {WRITERS} writers, {POLLERS} pollers, {span_s:.0f} s"
    yield Figure(f"{what}: 'database is locked'", locked, "")
    yield Figure("answers other than expected", len(seen.errors), "")
    yield Figure("tiles taken in", tiles, "")
    yield Figure("writes of the two writers", seen.counts["write"], "")
    yield Figure("answers to the pollers", seen.counts["look"], "")


def _decide_until(facility: Facility, stop: threading.Event, seen: Seen) -> None:
    with httpx2.Client(timeout=TIMEOUT_S) as http:
        while not stop.wait(0.1):
            with facility.database.read() as db:
                square = db.scalar(sa.select(SquareRow.id).limit(1))
            row = {"square_id": str(square), "kind": "take", "client_id": uuid4().hex}
            answer = http.post(f"{facility.url}/api/v1/decisions", json=[row])
            seen.note("write", answer, 200, 422)  # 422: a set has replaced it meanwhile


def _look_until(facility: Facility, grid: str, stop: threading.Event, seen: Seen) -> None:
    with httpx2.Client(timeout=TIMEOUT_S) as http:
        while not stop.wait(1.0):
            seen.note("look", http.get(f"{facility.url}/api/v1/grids/{grid}/squares"), 200)
