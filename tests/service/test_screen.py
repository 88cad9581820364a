"""What cannot be screened says so, with what was expected and found, and makes up no squares."""

import argparse
from pathlib import Path

import cv2
import mrcfile
import numpy as np
import pytest
from numpy.typing import NDArray

from model.predict import Scorer
from service.screen import ScreenError, add_arguments, read_folder, run, screen_target

SIDE = 400


def mrc(path: Path, pixels: NDArray[np.generic]) -> Path:
    with mrcfile.new(path) as file:
        file.set_data(pixels)
        file.voxel_size = 1600.0
    return path


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer.load(device="cpu")


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.zeros((SIDE, SIDE), np.uint16), "expected a mesh with windows"),
        (np.full((SIDE, SIDE), 500, np.uint16), "expected a mesh with windows"),
        (np.full((SIDE, SIDE), 65535, np.uint16), "expected a mesh with windows"),
        (np.full((SIDE, SIDE), 127, np.int8), "expected a mesh with windows"),
        (np.full((3, 3), 500, np.uint16), "at least 40 um.* found 0.48 x 0.48 um"),
    ],
)
def test_an_image_without_a_mesh_gives_no_squares(
    tmp_path: Path, scorer: Scorer, pixels: NDArray[np.generic], message: str
) -> None:
    with pytest.raises(ScreenError, match=message):
        screen_target(mrc(tmp_path / "image.mrc", pixels), scorer)


def test_a_mesh_whose_film_is_at_the_cameras_limit_gets_no_scores(
    tmp_path: Path, scorer: Scorer
) -> None:
    pixels = np.full((SIDE, SIDE), 300, np.uint16)
    for x in range(0, SIDE, 50):
        for y in range(0, SIDE, 50):
            pixels[y + 8 : y + 42, x + 8 : x + 42] = 65_535
    with pytest.raises(ScreenError, match=r"film below the camera's limit, found 100%"):
        screen_target(mrc(tmp_path / "image.mrc", pixels), scorer)


@pytest.mark.parametrize("out", [".", "no-folder.json/answer.json"])
def test_an_answer_that_cannot_be_written_is_one_line(
    tmp_path: Path, out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "no-folder.json").touch()
    pixels = np.random.default_rng(0).poisson(40, (SIDE, SIDE)).astype(np.uint16)
    for x in range(0, SIDE, 50):
        for y in range(0, SIDE, 50):
            pixels[y + 8 : y + 42, x + 8 : x + 42] += np.uint16(900)
    target = mrc(tmp_path / "image.mrc", pixels)
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    given = [str(target), "--pixel-nm", "1600", "--device", "cpu", "--out", str(tmp_path / out)]
    assert run(parser.parse_args(given)) in {1, 2}
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.filterwarnings("ignore:Data array contains NaN")
def test_an_image_of_nan_is_named_with_how_many(tmp_path: Path, scorer: Scorer) -> None:
    pixels = np.ones((SIDE, SIDE), np.float32)
    pixels[:10, :10] = np.nan
    with pytest.raises(ScreenError, match="found 100 pixels of NaN"):
        screen_target(mrc(tmp_path / "image.mrc", pixels), scorer)


@pytest.mark.parametrize("side", [1, 3, 40])
def test_a_tiny_image_of_unknown_scale_gives_no_squares(
    tmp_path: Path, scorer: Scorer, side: int
) -> None:
    path = tmp_path / "tiny.tif"
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 255, (side, side), np.uint8))
    with pytest.raises(ScreenError, match="expected"):
        screen_target(path, scorer)


def test_noise_of_eight_bits_gives_no_squares(tmp_path: Path, scorer: Scorer) -> None:
    path = tmp_path / "noise.tif"
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 255, (SIDE, SIDE), np.uint8))
    with pytest.raises(ScreenError, match="expected a mesh"):
        screen_target(path, scorer)


@pytest.mark.parametrize(("name", "status"), [("image.png", 2), ("image.tif", 1), ("none.mrc", 2)])
def test_what_is_no_image_is_refused(
    tmp_path: Path, scorer: Scorer, name: str, status: int
) -> None:
    for found in ("image.png", "image.tif"):
        (tmp_path / found).write_text("no image")
    with pytest.raises(ScreenError, match="expected") as error:
        screen_target(tmp_path / name, scorer)
    assert error.value.status == status


def test_a_folder_whose_tiles_are_all_broken_is_no_answer(
    tmp_path: Path, scorer: Scorer, capsys: pytest.CaptureFixture[str]
) -> None:
    atlas = tmp_path / "Supervisor_1" / "Sample1" / "Atlas"
    atlas.mkdir(parents=True)
    (atlas / "Tile_507_0_500.mrc").write_bytes(b"no image")
    (atlas / "Atlas.dm").write_text("<no/><atlas>")
    with pytest.raises(ScreenError, match="found none that can be used") as error:
        screen_target(tmp_path, scorer)
    said = capsys.readouterr().err
    assert error.value.status == 1
    assert "Tile_507_0_500: " in said
    assert "Atlas.dm: " in said


def test_a_folder_that_cannot_be_listed_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScreenError, match="gone: No such file"):
        read_folder(tmp_path / "gone")
