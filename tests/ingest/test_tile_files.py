from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from ingest.epu import EpuError, read_image_xml
from ingest.tile_files import (
    TileBrokenError,
    TileFiles,
    TileNotReadyError,
    read_tile,
    read_tile_pixels,
)
from tests.ingest.epu_files import film, image_xml, mrc_bytes


@pytest.fixture
def files(tmp_path: Path) -> TileFiles:
    """A tile of 64 x 48 pixels of 140 nm at stage 1, -2.5 um."""
    paths = {suffix: tmp_path / f"Tile_7_0_5.{suffix}" for suffix in ("mrc", "xml", "jpg")}
    paths["mrc"].write_bytes(mrc_bytes(film()))
    paths["xml"].write_text(image_xml())
    cv2.imwrite(str(paths["jpg"]), np.full((24, 32), 100, np.uint8))
    return TileFiles("Tile_7_0_5", 7, 0, paths)


def without(files: TileFiles, *suffixes: str) -> TileFiles:
    kept = {suffix: path for suffix, path in files.paths.items() if suffix not in suffixes}
    return replace(files, paths=kept)


def test_a_tile_is_read_from_its_mrc_and_xml(files: TileFiles) -> None:
    tile = read_tile(files, accept_preview=False)

    assert tile.pixels_from == "mrc"
    optics = tile.tile.optics
    assert (optics.width_px, optics.height_px, optics.index) == (64, 48, 0)
    assert optics.stage_um == pytest.approx((1.0, -2.5))
    assert optics.pixel_um == pytest.approx(0.14)
    assert optics.matrix_um == pytest.approx(np.diag([0.14, -0.14]))  # 70 nm, binned twice
    assert tile.tile.reduced.shape == (13, 18)  # 6.72 x 8.96 um at half a micrometre


@pytest.mark.parametrize(
    ("gone", "reason"),
    [
        (("xml",), "waiting for its XML: the image itself says no stage position"),
        (("mrc",), "waiting for its image: only the 8-bit preview is there"),
        (("mrc", "jpg"), "waiting for its image: only xml is there"),
    ],
)
def test_a_tile_that_lacks_a_file_waits_for_it(
    files: TileFiles, gone: tuple[str, ...], reason: str
) -> None:
    with pytest.raises(TileNotReadyError, match=reason):
        read_tile(without(files, *gone), accept_preview=False)


def test_a_preview_serves_when_nothing_better_comes(files: TileFiles) -> None:
    tile = read_tile(without(files, "mrc"), accept_preview=True)

    assert tile.pixels_from == "jpg"
    assert tile.tile.reduced.shape == (13, 18)
    # 9.5 electrons per pixel on average, 100 counts each
    assert float(tile.tile.reduced.mean()) == pytest.approx(950, rel=0.01)


def test_a_damaged_image_is_not_replaced_by_its_preview(files: TileFiles) -> None:
    files.stalled["mrc"] = "Tile_7_0_5.mrc: expected 7168 bytes, found 6000"

    with pytest.raises(TileBrokenError, match="expected 7168 bytes"):
        read_tile(files, accept_preview=True)


def test_a_broken_xml_is_an_error_that_names_it(files: TileFiles) -> None:
    files.paths["xml"].write_text("<MicroscopeImage>")

    with pytest.raises(EpuError, match=r"Tile_7_0_5\.xml"):
        read_tile(files, accept_preview=False)


def test_pixels_of_another_size_than_the_metadata_say_are_an_error(files: TileFiles) -> None:
    files.paths["xml"].write_text(image_xml(size=("128", "96")))

    with pytest.raises(EpuError, match=r"expected 128 x 96 px.*found 64 x 48 px"):
        read_tile(files, accept_preview=False)


def test_a_tile_without_dose_is_dark_as_a_preview(files: TileFiles) -> None:
    files.paths["xml"].write_text(image_xml(custom={"DoseOnCamera": "0"}))
    metadata = read_image_xml(files.paths["xml"])

    assert float(read_tile_pixels(files.paths["jpg"], metadata).max()) < 30


@pytest.mark.parametrize("binning", ["4", "1"])
def test_a_binning_that_cannot_be_true_fails_the_tile_with_expected_and_found(
    files: TileFiles, binning: str
) -> None:
    files.paths["xml"].write_text(image_xml(binning=binning))

    with pytest.raises(
        TileBrokenError, match=rf"by its matrix and binning {binning}, found 140.0 nm"
    ):
        read_tile(files, accept_preview=False)


def test_a_matrix_per_binned_pixel_is_taken_as_such(files: TileFiles) -> None:
    as_usual = read_tile(files, accept_preview=False).tile.optics.matrix_um
    files.paths["xml"].write_text(image_xml().replace("7E-08", "14E-08"))

    assert read_tile(files, accept_preview=False).tile.optics.matrix_um == pytest.approx(as_usual)
