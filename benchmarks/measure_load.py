"""The service under load: the ranked list under polls, with a long history, with many writers.

`XCRYONET_BENCH_LONG=1`: 10 minutes of SQLite, and a fleet of 20 microscopes x 12 grids.
"""

import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import httpx2
import sqlalchemy as sa

from benchmarks.figure import Figure
from ingest.records import (
    AtlasKey,
    AtlasRecord,
    Point,
    SquareRecord,
    SquareSet,
    StageSource,
    TileRecord,
    TileState,
)
from ingest.upload import ServiceClient
from service.database import Database
from service.tables import AtlasRow, GridRow, JobRow, JobState, SessionRow, SquareRow, SquareStatus
from tests.faults.facility import QUICK_WORKER, Facility, facility_on
from tests.faults.quick_worker import TILE_S
from tests.postgres import postgres_server
from tests.service.examples import make_png

SQUARES = 250
POLLS_PER_S = 100.0
POLL_SPAN_S = 10.0
COST_OF = 100
"""Answers over which a cost is averaged."""

INGESTS = 4
HISTORY = 1000
"""Grids in the database before the second measurement."""

LONG = os.environ.get("XCRYONET_BENCH_LONG") == "1"  # noqa: TID251 - a benchmark's own switch
LOCK_SPAN_S = 600.0 if LONG else 30.0
MICROSCOPES, GRIDS_EACH, TILES_EACH = (20, 12, 9) if LONG else (5, 3, 4)
WORKERS = 4


@dataclass
class Polls:
    """What pollers saw."""

    full_ms: list[float] = field(default_factory=list)
    unchanged_ms: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def measure() -> Iterator[Figure]:
    """Measure all of it, on SQLite but for the fleet."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with _service(f"sqlite:///{folder / 'polls'}.sqlite", folder / "polls") as facility:
            yield from _measure_polls(facility)
        with _service(f"sqlite:///{folder / 'locks'}.sqlite", folder / "locks") as facility:
            yield from _measure_locks(facility)
        with postgres_server() as url, _service(url, folder / "fleet") as facility:
            yield from _measure_fleet(facility)


@contextmanager
def _service(url: str, folder: Path) -> Iterator[Facility]:
    """Run web and a worker; what ingest would send is sent by threads.

    Raises:
        TimeoutError: the service does not answer.
    """
    with facility_on(url, folder) as facility:
        del facility.parts["ingest"]
        for part in facility.parts.values():
            part.environment |= {"XCRYONET_MAX_REQUESTS_PER_S": "1e6", TILE_S: "0.2"}
        facility.keep_up()
        until = time.monotonic() + 120
        while not _answers(facility):
            if time.monotonic() > until:
                raise TimeoutError("the service does not answer")
            time.sleep(0.2)
        yield facility


def _measure_polls(facility: Facility) -> Iterator[Figure]:
    client = _client(facility)
    _put_grid(client, AtlasKey(session_key="polled", sample=1, epu_atlas_id=1), SQUARES)
    grid = _grid_ids(facility)[0]
    yield from _measure_cost(facility, grid, "few grids")
    before = _poll_while_ingesting(facility, grid)
    yield from _figures(before, "few grids")
    _add_history(facility.database, HISTORY)
    yield from _measure_cost(facility, grid, f"{HISTORY} grids of history")
    after = _poll_while_ingesting(facility, grid)
    yield from _figures(after, f"{HISTORY} grids of history")
    yield Figure(
        f"p95 of a list with {HISTORY} grids over that with few",
        _p95(after.full_ms) / _p95(before.full_ms),
        "x",
    )
    client.close()


def _measure_cost(facility: Facility, grid: str, what: str) -> Iterator[Figure]:
    """Measure what an answer costs the web process, which a busy machine does not change."""
    path = f"{facility.url}/api/v1/grids/{grid}/squares"
    with httpx2.Client(timeout=120) as http:
        tag = http.get(path, params={"limit": 500}).headers["etag"]
        idle = _cpu_share(facility, lambda: time.sleep(3.0))
        for name, headers in (("list", {}), ("304", {"If-None-Match": tag})):
            start_s, start_cpu_s = time.monotonic(), _cpu_s(facility.parts["web"].pid)
            for _ in range(COST_OF):
                http.get(path, params={"limit": 500}, headers=headers)
            took_s = time.monotonic() - start_s
            cpu_s = _cpu_s(facility.parts["web"].pid) - start_cpu_s - idle * took_s
            what_costs = f"{name} of {SQUARES} squares, {what}: CPU of web"
            yield Figure(what_costs, cpu_s * 1000 / COST_OF, "ms")


def _cpu_share(facility: Facility, act: Callable[[], object]) -> float:
    """Measure the CPU seconds that the web process takes each second of an act."""
    start_s, start_cpu_s = time.monotonic(), _cpu_s(facility.parts["web"].pid)
    act()
    return (_cpu_s(facility.parts["web"].pid) - start_cpu_s) / (time.monotonic() - start_s)


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(fields[n]) for n in (11, 12)) / os.sysconf("SC_CLK_TCK")


def _figures(polls: Polls, what: str) -> Iterator[Figure]:
    for name, times in (("list", polls.full_ms), ("304", polls.unchanged_ms)):
        median_ms = statistics.median(times) if times else float("nan")
        yield Figure(f"{name} of {SQUARES} squares, {what}: median", median_ms, "ms")
        yield Figure(f"the same, p95 of {len(times)}", _p95(times), "ms")
    yield Figure(f"errors, {what}", len(polls.errors), "")


def _poll_while_ingesting(facility: Facility, grid: str) -> Polls:
    """Poll one list from several threads while others put squares of other grids."""
    polls, stop = Polls(), threading.Event()
    with ThreadPoolExecutor(INGESTS + 8) as pool:
        writers = [pool.submit(_ingest_until, facility, f"busy{n}", stop) for n in range(INGESTS)]
        pollers = [pool.submit(_poll_until, facility, grid, polls, stop, n) for n in range(8)]
        time.sleep(POLL_SPAN_S)
        stop.set()
        for writer in writers:
            writer.result()
        for poller in pollers:
            poller.result()
    return polls


def _poll_until(
    facility: Facility, grid: str, polls: Polls, stop: threading.Event, number: int
) -> None:
    """Ask at a steady pace: every other time for the whole list, else for news only."""
    pause_s = 8 / POLLS_PER_S
    path = f"{facility.url}/api/v1/grids/{grid}/squares"
    tag, turn = "", number
    with httpx2.Client(timeout=60) as http:
        due = time.monotonic() + pause_s * number / 8
        while not stop.wait(max(0.0, due - time.monotonic())):
            due = max(due + pause_s, time.monotonic() - pause_s)
            turn += 1
            headers = {"If-None-Match": tag} if tag and turn % 2 else {}
            start = time.perf_counter()
            answer = http.get(path, params={"limit": 500}, headers=headers)
            took_ms = (time.perf_counter() - start) * 1000
            if answer.status_code == 304:
                polls.unchanged_ms.append(took_ms)
            elif answer.status_code == 200:
                polls.full_ms.append(took_ms)
                tag = answer.headers["etag"]
            else:
                polls.errors.append(answer.text)


def _ingest_until(facility: Facility, session: str, stop: threading.Event) -> int:
    """Put tile after tile of new grids, a second apart, as a microscope does, only faster."""
    client = _client(facility)
    tiles = 0
    while not stop.wait(1.0):
        key = AtlasKey(session_key=session, sample=1 + tiles // 35, epu_atlas_id=1)
        _put_tile(client, key, tiles % 35, 10)
        tiles += 1
    client.close()
    return tiles


def _measure_locks(facility: Facility) -> Iterator[Figure]:
    """Ingest, worker, two writers and 20 pollers on one SQLite file."""
    stop, errors = threading.Event(), list[str]()
    key = AtlasKey(session_key="locks", sample=1, epu_atlas_id=1)
    client = _client(facility)
    _put_tile(client, key, 0, 20)
    grid = _grid_ids(facility)[0]
    counts: dict[str, int] = {}
    with ThreadPoolExecutor(30) as pool:
        ingest = pool.submit(_ingest_until, facility, "locks", stop)
        tasks = [pool.submit(_decide_until, facility, stop, errors, counts) for _ in range(2)]
        lookers = [
            pool.submit(_look_until, facility, grid, stop, errors, counts) for _ in range(20)
        ]
        time.sleep(LOCK_SPAN_S)
        stop.set()
        ingest.result()
        for task in [*tasks, *lookers]:
            task.result()
    client.close()
    logs = "".join(path.read_text() for path in facility.data.parent.glob("*.log"))
    locked = logs.count("database is locked") + sum("locked" in error for error in errors)
    yield Figure(
        f"SQLite, ingest, worker, 2 writers, 20 pollers, {LOCK_SPAN_S:.0f} s: 'database is locked'",
        locked,
        "",
    )
    yield Figure("answers other than 2xx and 304", len(errors), "")
    yield Figure("writes of the two writers", counts.get("write", 0), "")
    yield Figure("answers to the pollers", counts.get("look", 0), "")


def _decide_until(
    facility: Facility, stop: threading.Event, errors: list[str], counts: dict[str, int]
) -> None:
    with httpx2.Client(timeout=60) as http:
        while not stop.wait(0.1):
            with facility.database.read() as db:
                square = db.scalar(sa.select(SquareRow.id).limit(1))
            row = {"square_id": str(square), "kind": "take", "client_id": uuid4().hex}
            answer = http.post(f"{facility.url}/api/v1/decisions", json=[row])
            counts["write"] = counts.get("write", 0) + 1
            if answer.status_code not in (200, 422):  # 422: a set has replaced it meanwhile
                errors.append(answer.text)


def _look_until(
    facility: Facility,
    grid: str,
    stop: threading.Event,
    errors: list[str],
    counts: dict[str, int],
) -> None:
    with httpx2.Client(timeout=60) as http:
        while not stop.wait(1.0):
            answer = http.get(f"{facility.url}/api/v1/grids/{grid}/squares")
            counts["look"] = counts.get("look", 0) + 1
            if answer.status_code != 200:
                errors.append(answer.text)


def _measure_fleet(facility: Facility) -> Iterator[Figure]:
    """Many microscopes into one Postgres service with four workers."""
    for number in range(1, WORKERS):
        facility.add(f"worker{number}", QUICK_WORKER, **{TILE_S: "0.2"}).start()
    start = time.monotonic()
    waits: list[float] = []
    with ThreadPoolExecutor(MICROSCOPES) as pool:
        for took in pool.map(lambda n: _run_microscope(facility, n), range(MICROSCOPES)):
            waits += took
    sent_s = time.monotonic() - start
    _wait_for_scores(facility)
    all_s = time.monotonic() - start
    tiles = MICROSCOPES * GRIDS_EACH * TILES_EACH
    what = f"Postgres, {MICROSCOPES} microscopes x {GRIDS_EACH} grids x {TILES_EACH} tiles"
    yield Figure(f"{what}: tiles taken in", tiles / sent_s, "/s")
    yield Figure(f"{what}: tiles scored by {WORKERS} workers of 0.2 s a tile", tiles / all_s, "/s")
    yield Figure("a tile's records and pictures taken in, p95", _p95(waits), "s")


def _run_microscope(facility: Facility, number: int) -> list[float]:
    client = _client(facility)
    waits = []
    for sample in range(1, GRIDS_EACH + 1):
        key = AtlasKey(session_key=f"scope{number}", sample=sample, epu_atlas_id=1)
        for index in range(TILES_EACH):
            start = time.monotonic()
            _put_tile(client, key, index, 10)
            waits.append(time.monotonic() - start)
    client.close()
    return waits


def _wait_for_scores(facility: Facility) -> None:
    going = (JobState.QUEUED, JobState.RUNNING, JobState.FAILED)
    while True:
        with facility.database.read() as db:
            left = sa.select(sa.func.count()).select_from(JobRow).where(JobRow.state.in_(going))
            if not db.scalar(left):
                return
        time.sleep(0.2)


def _put_grid(client: ServiceClient, key: AtlasKey, squares: int) -> None:
    for index in range(squares // 10):
        _put_tile(client, key, index, 10)


def _put_tile(client: ServiceClient, key: AtlasKey, index: int, squares: int) -> None:
    """Send what ingest sends when a tile has come: atlas, tile, pictures, all squares so far."""
    grey = 1 + (hash((key.session_key, key.sample, index)) % 200)
    crop, small = make_png(640, 640, grey), make_png(96, 96, grey)
    names = [_send_picture(client, picture) for picture in (crop, small)]
    client.put_atlas(AtlasRecord(key=key, film_level=100.0, pixel_nm=1000.0, tiles_planned=35))
    client.put_tile(
        TileRecord(
            atlas=key,
            name=f"Tile_{index + 1}_{index}_1",
            epu_tile_id=index + 1,
            index=index,
            state=TileState.PLACED,
        )
    )
    rows = tuple(_square(n, names) for n in range((index + 1) * squares))
    client.put_squares(SquareSet(atlas=key, match_radius_um=20, squares=rows))


def _send_picture(client: ServiceClient, data: bytes) -> str:
    """Send a picture unless it is there; give its hash."""
    name = sha256(data).hexdigest()
    if client.missing_blobs([name]):
        client.put_blob(name, data)
    return name


def _square(number: int, names: list[str]) -> SquareRecord:
    x, y = 100.0 * (number % 20), 100.0 * (number // 20)
    corners = tuple(Point(x=x + a, y=y + b) for a, b in ((0, 0), (60, 0), (60, 60), (0, 60)))
    return SquareRecord(
        tile_name=f"Tile_{number // 10 + 1}_{number // 10}_1",
        center_x_px=x,
        center_y_px=y,
        width_px=60.0,
        height_px=60.0,
        rotation_deg=3.5,
        corners_px=corners,
        stage_x_um=x,
        stage_y_um=y,
        stage_source=StageSource.STAGE_MODEL,
        complete=True,
        coverage=1.0,
        crop_sha256=names[0],
        crop_full_scale=400.0,
        thumbnail_sha256=names[1],
    )


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


def _client(facility: Facility) -> ServiceClient:
    return ServiceClient(facility.url, facility.token)


def _grid_ids(facility: Facility) -> list[str]:
    headers = {"Authorization": f"Bearer {facility.token}"}
    answer = httpx2.get(f"{facility.url}/api/v1/grids", headers=headers)
    return [str(item["id"]) for item in answer.json()["items"]]


def _answers(facility: Facility) -> bool:
    try:
        return httpx2.get(f"{facility.url}/readyz").status_code == 200
    except httpx2.TransportError:
        return False


def _p95(times: list[float]) -> float:
    if len(times) < 2:
        return float("nan")
    return statistics.quantiles(times, n=20)[-1]
