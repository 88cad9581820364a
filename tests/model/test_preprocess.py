"""The one preprocess: units, coding, refusals."""

from dataclasses import replace

import numpy as np
import pytest

from model.preprocess import (
    Crop,
    CropError,
    check_crop,
    compress,
    encode,
    film_units,
    network_input,
)
from tests.model.samples import FILM, FULL_SCALE, SIZE_PX, crop, window


def test_film_is_one_whatever_the_cameras_counts() -> None:
    film = window(1.0)
    for gain in (1.0, 40.0):
        coded = Crop(encode(film * FILM * gain, FULL_SCALE * gain), FULL_SCALE * gain, FILM * gain)
        assert film_units(coded)[32, 32] == pytest.approx(1.0, abs=0.02)


def test_the_network_sees_the_root_of_film_units() -> None:
    square = crop(window(0.25))
    seen = network_input(square, SIZE_PX)
    assert seen[32, 32] == pytest.approx(0.5, abs=0.01)
    np.testing.assert_allclose(seen, compress(film_units(square)), atol=1e-6)


def test_what_is_brighter_than_four_films_is_clipped() -> None:
    bright = Crop(np.full((SIZE_PX, SIZE_PX), 255, np.uint8), 1000.0, 10.0)
    assert network_input(bright, SIZE_PX).max() == 2.0


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.zeros((64, 64), np.uint16), "expected uint8"),
        (np.zeros((64, 64), np.float32), "expected uint8"),
        (np.zeros((64, 63), np.uint8), "expected \\(64, 64\\)"),
        (np.zeros((64, 64, 3), np.uint8), "expected \\(64, 64\\)"),
    ],
)
def test_pixels_of_another_kind_are_refused(pixels: np.ndarray, message: str) -> None:
    with pytest.raises(CropError, match=message):
        check_crop(Crop(pixels, FULL_SCALE, FILM), 64)


@pytest.mark.parametrize("level", [0.0, -1.0, float("nan"), float("inf")])
def test_levels_that_are_no_positive_numbers_are_refused(level: float) -> None:
    pixels = np.zeros((64, 64), np.uint8)
    with pytest.raises(CropError, match="film_level"):
        check_crop(Crop(pixels, FULL_SCALE, level), 64)
    with pytest.raises(CropError, match="full_scale"):
        check_crop(Crop(pixels, level, FILM), 64)
    with pytest.raises(CropError, match="mesh_pitch_um"):
        check_crop(Crop(pixels, FULL_SCALE, FILM, None, level), 64)


@pytest.mark.parametrize("pitch", [0.2, 9.9, 1001.0, float("nan"), float("inf")])
def test_a_pitch_that_no_mesh_has_is_refused(pitch: float) -> None:
    with pytest.raises(CropError, match="mesh_pitch_um: expected 10 to 1000 or None"):
        check_crop(replace(crop(window()), mesh_pitch_um=pitch), SIZE_PX)


def test_levels_that_are_worlds_apart_are_refused() -> None:
    with pytest.raises(CropError, match="film_level: expected one like full_scale"):
        check_crop(replace(crop(window()), full_scale=1e30, film_level=1e-30), SIZE_PX)


def test_nan_is_not_coded() -> None:
    with pytest.raises(CropError, match="NaN"):
        encode(np.full((4, 4), np.nan), 1.0)


def test_a_reduced_input_is_the_mean_of_its_pixels() -> None:
    square = crop(window(0.25))
    whole, half = network_input(square, SIZE_PX), network_input(square, SIZE_PX, 2)
    assert half.shape == (SIZE_PX // 2, SIZE_PX // 2)
    np.testing.assert_allclose(half, whole.reshape(32, 2, 32, 2).mean((1, 3)), atol=1e-6)
