"""Many microscopes into one Postgres service with four workers: how much, and where it bends.

`XCRYONET_BENCH_LONG=1`: grids of four tiles instead of one.
"""

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import sqlalchemy as sa

from benchmarks.figure import Figure
from benchmarks.loaded import LONG, TILE_COSTS_S, cpu_s, p95, service_under_load, wait_for_scores
from benchmarks.senders import SQUARES_EACH, client_of, put_tile
from ingest.records import AtlasKey
from service.tables import JobRow, JobState, SquareRow
from tests.faults.facility import Facility
from tests.postgres import postgres_server

MICROSCOPES, GRIDS_EACH, TILES_EACH = 20, 12, 4 if LONG else 1
WORKERS = 4

OFFERED_PER_S = (0.5, 1.0, 2.0, 4.0)
"""Tiles that all microscopes together bring each second, while the service bends or does not."""

SPAN_S = 30.0
TILES_OF_PACED = 4


def measure() -> Iterator[Figure]:
    """Send all tiles as fast as they are taken and wait for scores; then bring them at a pace."""
    with (
        tempfile.TemporaryDirectory() as name,
        postgres_server() as url,
        service_under_load(url, Path(name), WORKERS) as facility,
    ):
        yield from _measure_all_at_once(facility)
        for offered in OFFERED_PER_S:
            yield from _measure_pace(facility, offered)


def _measure_all_at_once(facility: Facility) -> Iterator[Figure]:
    start, start_cpu_s = time.monotonic(), _cpu_s_of_parts(facility)
    waits: list[float] = []
    with ThreadPoolExecutor(MICROSCOPES) as pool:
        for took in pool.map(lambda n: _run_microscope(facility, n), range(MICROSCOPES)):
            waits += took
    sent_s = time.monotonic() - start
    wait_for_scores(facility)
    all_s = time.monotonic() - start
    spent_s = [now - then for now, then in zip(_cpu_s_of_parts(facility), start_cpu_s, strict=True)]
    tiles = MICROSCOPES * GRIDS_EACH * TILES_EACH
    what = (
        f"Postgres, {MICROSCOPES} microscopes x {GRIDS_EACH} grids x {TILES_EACH} tiles of"
        f" {SQUARES_EACH} squares, as fast as they are taken"
    )
    scored = f"scored by {WORKERS} workers of {TILE_COSTS_S} s a tile"
    yield Figure(f"{what}: tiles taken in", tiles / sent_s, "/s")
    yield Figure(f"{what}: tiles {scored}", tiles / all_s, "/s")
    yield Figure("a tile's records and pictures taken in, p95", p95(waits), "s")
    for part, seconds in zip(("web", "all workers"), spent_s, strict=True):
        yield Figure(f"CPU of {part} for a tile, waiting included", seconds / tiles, "s")
    with facility.database.read() as db:
        squares = db.scalar(sa.select(sa.func.count()).select_from(SquareRow))
    yield Figure("squares in the end", squares or 0, "")


def _cpu_s_of_parts(facility: Facility) -> tuple[float, float]:
    """Get the CPU seconds of the web process and of all workers together."""
    workers = [part.pid for name, part in facility.parts.items() if name.startswith("worker")]
    return cpu_s(facility.parts["web"].pid), sum(map(cpu_s, workers))


def _run_microscope(facility: Facility, number: int) -> list[float]:
    client = client_of(facility)
    waits = []
    for sample in range(1, GRIDS_EACH + 1):
        key = AtlasKey(session_key=f"scope{number}", sample=sample, epu_atlas_id=1)
        for index in range(TILES_EACH):
            start = time.monotonic()
            put_tile(client, key, index)
            waits.append(time.monotonic() - start)
    client.close()
    return waits


def _measure_pace(facility: Facility, offered: float) -> Iterator[Figure]:
    """Bring tiles at a pace; a service that bends takes them late and leaves jobs waiting."""
    start = time.monotonic()
    with ThreadPoolExecutor(MICROSCOPES) as pool:
        tasks = [pool.submit(_run_paced, facility, n, offered, start) for n in range(MICROSCOPES)]
        waits: list[float] = [wait for task in tasks for wait in task.result()]
    took_s = time.monotonic() - start
    with facility.database.read() as db:
        states = (JobState.QUEUED, JobState.RUNNING)
        waiting = sa.select(sa.func.count()).select_from(JobRow).where(JobRow.state.in_(states))
        left = db.scalar(waiting) or 0
    wait_for_scores(facility)
    what = f"{MICROSCOPES} microscopes bring {offered:g} tiles/s for {SPAN_S:.0f} s"
    yield Figure(f"{what}: taken in", len(waits) / took_s, "/s")
    yield Figure(f"{what}: from due to taken in, p95", p95(waits), "s")
    yield Figure(f"{what}: tiles not scored at the end", left, "")


def _run_paced(facility: Facility, number: int, offered: float, start: float) -> list[float]:
    """Send a tile whenever one is due; give how long after that each was taken in."""
    client = client_of(facility)
    waits: list[float] = []
    pause_s = MICROSCOPES / offered
    due = start + pause_s * number / MICROSCOPES
    while due < start + SPAN_S:
        time.sleep(max(0.0, due - time.monotonic()))
        turn = len(waits)
        sample = 100 + turn // TILES_OF_PACED
        key = AtlasKey(session_key=f"paced{offered:g}-{number}", sample=sample, epu_atlas_id=1)
        put_tile(client, key, turn % TILES_OF_PACED)
        waits.append(time.monotonic() - due)
        due += pause_s
    client.close()
    return waits
