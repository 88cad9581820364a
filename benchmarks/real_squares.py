"""Squares of the real session and of simulated ones, cut by the same ingest, for comparisons."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.epu import classify, natural_order
from ingest.memory import MemorySink
from ingest.pipeline import Pipeline

SHARED = Path(__file__).resolve().parents[2] / "shared"
REAL_SESSION = SHARED / "real-session"


@dataclass(frozen=True)
class CutSquare:
    """A square in film units, float32 (640, 640), and the grid that it comes from."""

    grid: str
    film: NDArray[np.float32]


def cut_squares(root: Path, name: str, *, previews_only: bool) -> list[CutSquare]:
    """All whole squares under a folder, as ingest finds and cuts them."""
    sink = MemorySink()
    pipeline = Pipeline(sink)
    files = [(classify(root, path), path) for path in sorted(root.rglob("*")) if path.is_file()]
    known = [(file, path) for file, path in files if file is not None]
    for file, path in sorted(known, key=lambda item: natural_order(item[0])):
        if not (previews_only and path.suffix == ".mrc"):
            pipeline.take(file, path)
    pipeline.settle(final=True)
    squares = []
    for atlas in sink.atlases():
        if atlas.levels is None:
            continue
        for square in atlas.squares:
            if square.pixels is None or not square.record.complete:
                continue
            grey = square.full_scale * np.square(square.pixels.astype(np.float32) / 255)
            film = np.asarray(grey / np.float32(atlas.levels.film), np.float32)
            squares.append(CutSquare(f"{name}{atlas.sample}", film))
    return squares
