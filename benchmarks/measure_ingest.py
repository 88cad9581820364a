"""Ingest by stage: CPU seconds for a tile of a K3, over an atlas that grows tile by tile."""

import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.figure import Figure
from ingest.crops import encode_display
from ingest.epu import natural_order, read_pixels
from ingest.memory import MemorySink
from ingest.pipeline import Pipeline
from ingest.watch import existing_files
from simulate.instrument import CameraKind, find_instrument
from simulate.session import SessionPlan, write_session

COLUMNS, ROWS = 5, 5


def measure() -> Iterator[Figure]:
    """Take a simulated atlas in, one tile after the other, as it happens at the microscope."""
    with tempfile.TemporaryDirectory() as name:
        instrument = replace(find_instrument(CameraKind.K3), columns=COLUMNS, rows=ROWS)
        write_session(Path(name) / "made", SessionPlan(instrument, seed=3))
        yield from _take(Path(name) / "made")


def _take(made: Path) -> Iterator[Figure]:
    pipeline = Pipeline(MemorySink())
    reading = sending = 0.0
    files = sorted(existing_files(made), key=lambda one: natural_order(one.file))
    images = [one for one in files if one.path.suffix == ".mrc" and one.file.index is not None]
    for one in files:
        start = time.process_time()
        pipeline.take(one.file, one.path, one.problem)
        reading += time.process_time() - start
        if one.path.suffix == ".xml" and one.file.index is not None:
            start = time.process_time()
            pipeline.settle()
            sending += time.process_time() - start
    tiles = len(images)
    yield Figure(f"read and reduce a tile ({tiles} tiles)", reading / tiles, "s")
    yield Figure("survey, cut crops, encode", sending / tiles, "s")
    pixels = read_pixels(images[0].path)
    start = time.process_time()
    encode_display(pixels, 32768.0)
    yield Figure("of which display images", time.process_time() - start, "s")
    yield Figure("all stages before scoring", (reading + sending) / tiles, "s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Figure("peak memory, crops kept in memory", peak, "MiB")
