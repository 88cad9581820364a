"""Atlases with a tile that does not belong: its row says why, and the rest goes on."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from ingest.pipeline import Pipeline
from ingest.records import AtlasKey, TileState
from tests.ingest.epu_files import SESSION, atlas_folder, image_xml, mrc_bytes, tile_name
from tests.ingest.folders import (
    ATLAS_ID,
    PIXEL_UM,
    SIZE,
    RecordingSink,
    camera_pixels,
    stage_um,
    take,
    write_tile,
)

KEY = AtlasKey(session_key=SESSION, sample=1, epu_atlas_id=ATLAS_ID)
GOOD = (0, 1, 2)
ODD = 9
PLACE_UM = stage_um(3)


@dataclass(frozen=True)
class Oddity:
    """How a tile differs from what belongs at the fourth site, and what its row must say."""

    says: str
    stage_um: tuple[float, float] = PLACE_UM
    size: tuple[int, int] = SIZE
    pixel_um: float = PIXEL_UM
    binning: int = 4
    camera_limit: int = 65_535


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("epu")
    for index in GOOD:
        write_tile(atlas_folder(root), index)
    return root


def take_all(root: Path) -> RecordingSink:
    sink = RecordingSink()
    pipeline = Pipeline(sink, clock=lambda: 0.0)
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        take(pipeline, root, path)
    pipeline.settle(final=True)
    return sink


def write_odd(root: Path, odd: Oddity) -> None:
    stem = atlas_folder(root) / tile_name(ODD)
    width, height = odd.size
    pixels = np.resize(camera_pixels(3), (height, width)).astype(np.uint16)
    pixels = np.minimum(pixels, np.uint16(odd.camera_limit))
    pixel_angstrom = 1e4 * odd.pixel_um
    stem.with_suffix(".mrc").write_bytes(mrc_bytes(pixels, pixel_angstrom=pixel_angstrom))
    xml = image_xml(
        stage_m=[f"{value * 1e-6:.9e}" for value in (*odd.stage_um, 70.0)],
        pixel_m=f"{odd.pixel_um * 1e-6:.6e}",
        binning=str(odd.binning),
        size=(str(width), str(height)),
    )
    stem.with_suffix(".xml").write_text(xml)


@pytest.mark.parametrize(
    "odd",
    [
        Oddity("tile size: expected 893 x 643 px", size=(640, 480)),
        Oddity("pixel size: expected 280.0 nm", pixel_um=0.56, binning=8),
        Oddity("expected at most 3300 um, a grid and a tile", stage_um=(5000.0, 0.0)),
        Oddity("expected at most 40", stage_um=(0.0, 90_000.0)),
        Oddity("by its matrix and binning 2, found 280.0 nm", binning=2),
        Oddity("of what is lit at 300", camera_limit=300),
        Oddity("same place in the atlas as", stage_um=stage_um(1)),
    ],
    ids=lambda odd: odd.says,
)
def test_a_tile_that_does_not_belong_says_why_on_its_row_and_the_rest_goes_on(
    three: Path, tmp_path: Path, odd: Oddity
) -> None:
    alone = take_all(three)
    root = shutil.copytree(three, tmp_path / "epu")
    write_odd(root, odd)

    sink = take_all(root)

    row = sink.tiles[tile_name(ODD)]
    assert row.state is TileState.FAILED
    assert odd.says in (row.reason or "")
    assert [sink.tiles[tile_name(i)].state for i in GOOD] == [TileState.PLACED] * 3
    assert sink.squares[KEY] == alone.squares[KEY]
