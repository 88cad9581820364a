"""The road of a tile: from its last byte to its squares' ranks, and what each process takes."""

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks.figure import Figure
from simulate.instrument import CameraKind, find_instrument
from simulate.session import SessionPlan, write_session
from tests.pipeline.running import RunningService, wait_for

COLUMNS, ROWS = 3, 4
INTERVAL_S = 6.0
PARTS = ("serve", "worker", "ingest")


def measure() -> Iterator[Figure]:
    """Copy a simulated K3 session tile by tile into a watched folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        instrument = replace(find_instrument(CameraKind.K3), columns=COLUMNS, rows=ROWS)
        write_session(folder / "made", SessionPlan(instrument, seed=3))
        (folder / "epu").mkdir()
        service = RunningService(folder / "epu", folder / "data")
        service.start()
        try:
            yield from _follow(service, folder / "made", folder / "epu")
        finally:
            service.close()


def _follow(service: RunningService, made: Path, epu: Path) -> Iterator[Figure]:
    (atlas,) = {path.parent for path in made.rglob("Tile_*.mrc")}
    target = epu / atlas.relative_to(made)
    target.mkdir(parents=True)
    (sample,) = [int(atlas.parent.name.removeprefix("Sample"))]
    idle = _usage(service)
    waits = []
    stems = sorted({p.stem for p in atlas.glob("Tile_*")}, key=lambda s: int(s.split("_")[2]))
    for stem in stems:
        for path in sorted(atlas.glob(f"{stem}.*")):
            shutil.copy(path, target / path.name)
        closed = time.monotonic()
        wait_for(stem, partial(_is_ranked, service, sample, stem), timeout_s=120, pause_s=0.1)
        waits.append(time.monotonic() - closed)
        time.sleep(max(0.0, INTERVAL_S - waits[-1]))
    squares = len(service.squares(sample))
    yield Figure(
        f"tile closed to ranked, median of {len(waits)} tiles", statistics.median(waits), "s"
    )
    yield Figure("tile closed to ranked, worst", max(waits), "s")
    yield Figure("squares", squares, "")
    busy = _usage(service)
    for part in PARTS:
        seconds = (busy[part][0] - idle[part][0]) / len(waits)
        yield Figure(f"{part}: CPU per 2880x2046 tile", seconds, "s")
        yield Figure(f"{part}: peak memory", busy[part][1], "MiB")


def _is_ranked(service: RunningService, sample: int, stem: str) -> bool:
    """Whether a tile is placed, its picture is there, and none of its squares waits."""
    tile = next((t for t in service.tiles(sample) if t["name"] == stem), None)
    if tile is None or tile["state"] != "placed" or not tile["images"]:
        return False
    return all(s["status"] != "waiting" for s in service.squares(sample))


def _usage(service: RunningService) -> dict[str, tuple[float, float]]:
    """CPU seconds and peak MiB of each part."""
    found: dict[str, tuple[float, float]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            parent = (folder / "stat").read_text().rpartition(")")[2].split()
            status = (folder / "status").read_text()
        except OSError:
            continue
        part = next((p for p in PARTS if p.encode() in words), None)
        if part is None or int(parent[1]) != service.pid:
            continue
        ticks = sum(int(parent[i]) for i in (11, 12))
        peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
        found[part] = (ticks / os.sysconf("SC_CLK_TCK"), int(peak) / 1024)
    return found
