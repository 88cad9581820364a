"""The ranked list under polls while sessions come in, with few grids and with a long history."""

import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import httpx2
import sqlalchemy as sa

from benchmarks.figure import Figure
from benchmarks.loaded import cpu_s, grid_ids, p95, service_under_load, wait_for_scores
from benchmarks.pollers import POLLS_PER_S, Polls, poll_from_outside
from benchmarks.senders import client_of, ingest_until, put_grid
from ingest.records import AtlasKey
from service.database import Database
from service.tables import AtlasRow, GridRow, SessionRow, SquareRow, SquareStatus
from tests.faults.facility import Facility

SQUARES = 250
POLL_SPAN_S = 20.0
COST_OF = 100
"""Answers over which a cost is averaged."""

INGESTS = 4
PACES_S = (10.0, 1.0)
"""Time from a session's tile to its next: as a quick microscope, and ten times as fast."""

HISTORY = 1000
"""Grids in the database before the second measurement."""


def measure() -> Iterator[Figure]:
    """Measure on SQLite, which is what one machine has."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'polls'}.sqlite"
        with service_under_load(url, folder / "polls") as facility:
            yield from _measure(facility)


def _measure(facility: Facility) -> Iterator[Figure]:
    client = client_of(facility)
    put_grid(client, AtlasKey(session_key="polled", sample=1, epu_atlas_id=1), SQUARES)
    client.close()
    grid = grid_ids(facility)[0]
    wait_for_scores(facility)
    few = f"list of {SQUARES} squares, few grids"
    yield from _measure_cost(facility, grid, few)
    before = {pace_s: _poll_while_ingesting(facility, grid, pace_s) for pace_s in PACES_S}
    for pace_s, polls in before.items():
        yield from _figures(polls, f"{few}, {POLLS_PER_S:.0f} polls/s, {_ingests(pace_s)}")
    _add_history(facility.database, HISTORY)
    many = f"list of {SQUARES} squares, {HISTORY} grids of history"
    yield from _measure_cost(facility, grid, many)
    for pace_s in PACES_S:
        after = _poll_while_ingesting(facility, grid, pace_s)
        what = f"{POLLS_PER_S:.0f} polls/s, {_ingests(pace_s)}"
        yield from _figures(after, f"{many}, {what}")
        few_ms, many_ms = p95(before[pace_s].full_ms), p95(after.full_ms)
        yield Figure(f"{HISTORY} grids over few, {what}: p95 of the list", many_ms / few_ms, "x")


def _ingests(pace_s: float) -> str:
    return f"{INGESTS} sessions with a tile every {pace_s:.0f} s"


def _measure_cost(facility: Facility, grid: str, what: str) -> Iterator[Figure]:
    """Measure what an answer costs the web process, which a busy machine does not change."""
    path = f"{facility.url}/api/v1/grids/{grid}/squares"
    with httpx2.Client(timeout=120) as http:
        tag = http.get(path, params={"limit": 500}).headers["etag"]
        idle = _cpu_share(facility, lambda: time.sleep(3.0))
        for name, headers in (("whole", {}), ("304", {"If-None-Match": tag})):
            start_s, start_cpu_s = time.monotonic(), cpu_s(facility.parts["web"].pid)
            for _ in range(COST_OF):
                http.get(path, params={"limit": 500}, headers=headers)
            took_s = time.monotonic() - start_s
            spent_s = cpu_s(facility.parts["web"].pid) - start_cpu_s - idle * took_s
            yield Figure(f"{what}, {name}: CPU of web", spent_s * 1000 / COST_OF, "ms")


def _cpu_share(facility: Facility, act: Callable[[], object]) -> float:
    """Measure the CPU seconds that the web process takes each second of an act."""
    start_s, start_cpu_s = time.monotonic(), cpu_s(facility.parts["web"].pid)
    act()
    return (cpu_s(facility.parts["web"].pid) - start_cpu_s) / (time.monotonic() - start_s)


def _figures(polls: Polls, what: str) -> Iterator[Figure]:
    for name, times in (("whole", polls.full_ms), ("304", polls.unchanged_ms)):
        median_ms = statistics.median(times) if times else float("nan")
        yield Figure(f"{what}, {name}: median", median_ms, "ms")
        yield Figure(f"the same, p95 of {len(times)}", p95(times), "ms")
    if polls.errors:
        yield Figure(f"{what}: errors", len(polls.errors), "")


def _poll_while_ingesting(facility: Facility, grid: str, pace_s: float) -> Polls:
    """Poll one list while threads put squares of other grids."""
    stop = threading.Event()
    with ThreadPoolExecutor(INGESTS) as pool:
        names = [f"busy{pace_s:.0f}-{number}" for number in range(INGESTS)]
        writers = [pool.submit(ingest_until, facility, name, stop, pace_s) for name in names]
        polls = poll_from_outside(facility.url, grid, POLL_SPAN_S)
        stop.set()
        for writer in writers:
            writer.result()
    return polls


def _add_history(database: Database, grids: int) -> None:
    """Add finished grids of the same size, by the rows of the one that is there."""
    with database.write() as db:
        square = db.scalars(sa.select(SquareRow).limit(1)).one()
        columns = {c.name: getattr(square, c.name) for c in SquareRow.__table__.columns}
        session = SessionRow(key="history")
        db.add(session)
        db.flush()
        for number in range(grids):
            grid = GridRow(session_id=session.id, sample=number)
            db.add(grid)
            db.flush()
            atlas = AtlasRow(grid_id=grid.id, epu_atlas_id=1, complete=True)
            db.add(atlas)
            db.flush()
            grid.atlas_id, grid.squares = atlas.id, SQUARES
            rows = [
                columns
                | {
                    "id": uuid4(),
                    "atlas_id": atlas.id,
                    "status": SquareStatus.SCORED,
                    "overall": 4.0 * n / SQUARES,
                    "scored_input": square.wanted_input,
                }
                for n in range(SQUARES)
            ]
            db.execute(sa.insert(SquareRow), rows)
