"""Many microscopes into one Postgres service with four workers.

`XCRYONET_BENCH_LONG=1`: 20 microscopes x 12 grids.
"""

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import sqlalchemy as sa

from benchmarks.figure import Figure
from benchmarks.loaded import LONG, TILE_COSTS_S, p95, service_under_load, wait_for_scores
from benchmarks.senders import client_of, put_tile
from ingest.records import AtlasKey
from service.tables import SquareRow
from tests.faults.facility import Facility
from tests.postgres import postgres_server

MICROSCOPES, GRIDS_EACH, TILES_EACH = (20, 12, 4) if LONG else (5, 3, 4)
WORKERS = 4


def measure() -> Iterator[Figure]:
    """Send all tiles as fast as they are taken, and wait until all are scored."""
    with (
        tempfile.TemporaryDirectory() as name,
        postgres_server() as url,
        service_under_load(url, Path(name), WORKERS) as facility,
    ):
        yield from _measure(facility)


def _measure(facility: Facility) -> Iterator[Figure]:
    start = time.monotonic()
    waits: list[float] = []
    with ThreadPoolExecutor(MICROSCOPES) as pool:
        for took in pool.map(lambda n: _run_microscope(facility, n), range(MICROSCOPES)):
            waits += took
    sent_s = time.monotonic() - start
    wait_for_scores(facility)
    all_s = time.monotonic() - start
    tiles = MICROSCOPES * GRIDS_EACH * TILES_EACH
    what = f"Postgres, {MICROSCOPES} microscopes x {GRIDS_EACH} grids x {TILES_EACH} tiles"
    scored = f"scored by {WORKERS} workers of {TILE_COSTS_S} s a tile"
    yield Figure(f"{what}: tiles taken in", tiles / sent_s, "/s")
    yield Figure(f"{what}: tiles {scored}", tiles / all_s, "/s")
    yield Figure("a tile's records and pictures taken in, p95", p95(waits), "s")
    with facility.database.read() as db:
        squares = db.scalar(sa.select(sa.func.count()).select_from(SquareRow))
    yield Figure("squares in the end", squares or 0, "")


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
