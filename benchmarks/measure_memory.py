"""Memory of ingest over atlases of 35 and 210 tiles of a K3, each full of squares."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from benchmarks.figure import Figure
from simulate.epu_image import ImageFacts, tile_xml
from simulate.epu_mrc import mrc_bytes
from simulate.instrument import CameraKind, Instrument, find_instrument, spiral
from simulate.stage import commanded_stage
from tests.ingest.scenes import BAR, FILM, Square, lattice, paint

COLUMNS, ROWS = 15, 14
COUNTS = (35, COLUMNS * ROWS)
ATLAS = Path("Supervisor_20260302_090000_Painted", "Sample1", "Atlas")
TAKEN_AT = datetime(2026, 3, 2, 9, 0, 0, tzinfo=UTC)
REACH = 45
"""Squares from the first in each direction: wider than the tiles."""


def measure() -> Iterator[Figure]:
    """Paint the tiles, then take them in with a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        _write(Path(name))
        command = [sys.executable, "-m", "benchmarks.ingest_memory", name, *map(str, COUNTS)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)
    for count in COUNTS:
        peak = found["peak_mib"][str(count)]
        yield Figure(f"peak memory of ingest over {count} K3 tiles", peak, "MiB")
    yield Figure(f"squares on the {COUNTS[-1]} tiles", found["squares"], "")


def _write(folder: Path) -> None:
    """All tiles of one grid of squares without end, as EPU names them."""
    instrument = replace(find_instrument(CameraKind.K3), columns=COLUMNS, rows=ROWS)
    (folder / ATLAS).mkdir(parents=True)
    grid = lattice(rotation_deg=12.0, reach=REACH)
    shape = instrument.height_px, instrument.width_px
    noise = np.random.default_rng(1).standard_normal(shape, np.float32)
    for index, site in enumerate(spiral(COLUMNS, ROWS)):
        facts = ImageFacts(UUID(int=index), TAKEN_AT, commanded_stage(instrument, *site), 20.0)
        pixels = _tile(instrument, site, grid, np.roll(noise, 37 * index, axis=1))
        stem = folder / ATLAS / f"Tile_{1000 + 15 * index}_{index}_900"
        stem.with_suffix(".mrc").write_bytes(mrc_bytes(instrument, facts, pixels))
        stem.with_suffix(".xml").write_bytes(tile_xml(instrument, facts))


def _tile(
    instrument: Instrument,
    site: tuple[int, int],
    grid: list[Square],
    noise: NDArray[np.float32],
) -> NDArray[np.uint16]:
    """(h, w) counts: the grid as a tile at a lattice site shows it, with shot noise."""
    pixel_um, (height, width) = instrument.pixel_um, noise.shape
    left = (site[0] * instrument.step_px[0] - (width - 1) / 2) * pixel_um
    top = (site[1] * instrument.step_px[1] - (height - 1) / 2) * pixel_um
    right, bottom = left + width * pixel_um, top + height * pixel_um
    near = [s for s in grid if left - 60 < s.x_um < right + 60 and top - 60 < s.y_um < bottom + 60]
    counts = paint(near, left, top, (height, width), pixel_um)
    counts += noise * np.sqrt(counts * (BAR / FILM) * 5)
    return np.clip(np.rint(counts), 0, 65535).astype(np.uint16)
