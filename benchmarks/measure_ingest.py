"""Ingest by stage: seconds for a tile of each camera, over an atlas that grows tile by tile."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.figure import Figure
from ingest.crops import encode_display
from ingest.epu import natural_order, read_pixels
from ingest.memory import MemorySink
from ingest.pipeline import Pipeline
from ingest.watch import existing_files
from simulate.instrument import CameraKind, find_instrument
from simulate.session import SessionPlan, write_session

ATLASES = ((CameraKind.K3, 5, 5), (CameraKind.CETA, 3, 3))


@dataclass
class Stopwatch:
    """Seconds on the clock and of all cores together."""

    wall_s: float = 0.0
    cpu_s: float = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Add what is done inside."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall_s += time.perf_counter() - wall
        self.cpu_s += time.process_time() - cpu


def measure() -> Iterator[Figure]:
    """Take simulated atlases in, one tile after the other, as it happens at the microscope."""
    for kind, columns, rows in ATLASES:
        with tempfile.TemporaryDirectory() as name:
            instrument = replace(find_instrument(kind), columns=columns, rows=rows)
            write_session(Path(name) / "made", SessionPlan(instrument, seed=3))
            size = f"{instrument.width_px}x{instrument.height_px}"
            yield from _take(Path(name) / "made", size)


def _take(made: Path, size: str) -> Iterator[Figure]:
    pipeline = Pipeline(MemorySink())
    reading, sending = Stopwatch(), Stopwatch()
    files = sorted(existing_files(made), key=lambda one: natural_order(one.file))
    images = [one for one in files if one.path.suffix == ".mrc" and one.file.index is not None]
    for one in files:
        with reading.running():
            pipeline.take(one.file, one.path, one.problem)
        if one.path.suffix == ".xml" and one.file.index is not None:
            with sending.running():
                pipeline.settle()
    tiles = len(images)
    yield Figure(f"{size}: read and reduce a tile, mean of {tiles}", reading.wall_s / tiles, "s")
    yield Figure(f"{size}: survey, cut crops, encode", sending.wall_s / tiles, "s")
    wall, cpu = reading.wall_s + sending.wall_s, reading.cpu_s + sending.cpu_s
    yield Figure(f"{size}: all stages before scoring", wall / tiles, "s")
    yield Figure(f"{size}: the same, of all cores together", cpu / tiles, "s")
    pixels = read_pixels(images[0].path)
    display = Stopwatch()
    with display.running():
        encode_display(pixels, 32768.0)
    yield Figure(f"{size}: of which display images", display.wall_s, "s")
