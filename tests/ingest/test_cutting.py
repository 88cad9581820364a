from pathlib import Path

import cv2
import numpy as np
import pytest

from ingest.crops import CropPlan, TilePart, cut_crop
from ingest.cutting import TileCutter
from ingest.tile_files import ReadTile, TileFiles, read_tile
from tests.ingest.epu_files import atlas_folder, tile_name
from tests.ingest.folders import write_tile

INDICES = range(3)


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ReadTile]:
    folder = atlas_folder(tmp_path_factory.mktemp("epu"))
    for index in INDICES:
        write_tile(folder, index)
    tiles = {}
    for index in INDICES:
        name = tile_name(index)
        paths = {suffix: folder / f"{name}.{suffix}" for suffix in ("mrc", "xml")}
        tiles[name] = read_tile(TileFiles(name, 500 + index, index, paths), accept_preview=False)
    return tiles


def plan(index: int, x_um: float = 0.0) -> CropPlan:
    return CropPlan((TilePart(tile_name(index), x_um, 0.0),), 10.0, 4096.0)


def test_crops_cut_side_by_side_are_those_cut_one_by_one(read: dict[str, ReadTile]) -> None:
    cutter = TileCutter(read)
    plans = [plan(index, x_um) for x_um in (0.0, 5.0, 10.0) for index in INDICES]

    made = cutter.cut(plans)

    assert list(made) == plans
    for one in plans:
        pixels = cv2.imdecode(np.frombuffer(made[one].png, np.uint8), cv2.IMREAD_UNCHANGED)
        assert np.array_equal(pixels, cut_crop(one, cutter.open_tile))
        assert (
            cv2.imdecode(np.frombuffer(made[one].jpeg, np.uint8), cv2.IMREAD_UNCHANGED) is not None
        )


def test_a_tile_that_cannot_be_read_any_more_costs_its_own_crops_only(
    read: dict[str, ReadTile], tmp_path: Path
) -> None:
    gone = ReadTile(read[tile_name(1)].tile, read[tile_name(1)].metadata, "mrc", tmp_path / "gone")
    cutter = TileCutter({**read, tile_name(1): gone})

    made = cutter.cut([plan(0), plan(1), plan(2)])

    assert list(made) == [plan(0), plan(2)]


def test_nothing_to_cut_opens_no_tile(read: dict[str, ReadTile]) -> None:
    assert TileCutter(read).cut([]) == {}
