"""Small sessions to write and read in tests."""

from dataclasses import replace
from pathlib import Path

from ingest.epu import classify, natural_order
from ingest.memory import MemorySink, ScreenedAtlas
from ingest.pipeline import Pipeline
from simulate.instrument import INSTRUMENTS, CameraKind, Instrument
from simulate.session import SessionPlan
from simulate.variant import Variant

SMALL: Instrument = replace(
    INSTRUMENTS[CameraKind.K3], width_px=720, height_px=512, binning=8, columns=3, rows=3
)


def plan(variant: Variant = Variant.PLAIN, seed: int = 4, grids: int = 1) -> SessionPlan:
    return SessionPlan(instrument=SMALL, grids=grids, seed=seed, variant=variant)


def read_all(root: Path) -> list[ScreenedAtlas]:
    """Everything under a folder through ingest, as `xcryonet screen` does it."""
    sink = MemorySink()
    pipeline = Pipeline(sink)
    files = [(classify(root, path), path) for path in root.rglob("*") if path.is_file()]
    known = [(file, path) for file, path in files if file is not None]
    for file, path in sorted(known, key=lambda item: natural_order(item[0])):
        pipeline.take(file, path)
    pipeline.settle(final=True)
    return sink.atlases()
