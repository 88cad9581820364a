import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.texture import measure_texture

SIZE = 170
MIDDLE = (85.0, 85.0)
SIDES = (110.0, 110.0)


def picture(level: float, noise: float, *, holes: float = 0.0) -> NDArray[np.float32]:
    """White noise about a level, its holes 1.2 um wide and 2.5 um apart so much brighter."""
    y, x = np.mgrid[:SIZE, :SIZE] / 2
    away = [axis - 2.5 * np.rint(axis / 2.5) for axis in (x, y)]
    clean = level * (1 + holes * (np.hypot(*away) < 0.6))
    noisy = clean * (1 + noise * np.random.default_rng(1).standard_normal(clean.shape))
    return np.asarray(noisy, np.float32)


@pytest.mark.parametrize("noise", [0.005, 0.05, 0.15])
def test_noise_alone_is_no_texture_however_strong(noise: float) -> None:
    texture = measure_texture(picture(7000, noise), MIDDLE, SIDES)

    assert texture is not None
    assert texture < 0.006


def test_noise_that_turning_an_image_smoothed_is_none_either() -> None:
    pixels = picture(7000, 0.1)
    smoothed = (pixels + np.roll(pixels, 1, 0) + np.roll(pixels, 1, 1)) / 3

    texture = measure_texture(smoothed, MIDDLE, SIDES)

    assert texture is not None
    assert texture < 0.006


@pytest.mark.parametrize("noise", [0.0, 0.05, 0.1])
def test_holes_show_through_noise(noise: float) -> None:
    texture = measure_texture(picture(6000, noise, holes=0.15), MIDDLE, SIDES)

    assert texture is not None
    assert texture > 0.01


def test_a_slow_rise_over_the_window_is_no_texture() -> None:
    rising = picture(7000, 0.05) * np.linspace(0.98, 1.02, SIZE, dtype=np.float32)

    texture = measure_texture(rising, MIDDLE, SIDES)

    assert texture is not None
    assert texture < 0.006


def test_what_is_too_small_or_dark_or_hangs_over_the_edge_tells_nothing() -> None:
    pixels = picture(7000, 0.05)

    assert measure_texture(pixels, MIDDLE, (30.0, 110.0)) is None
    assert measure_texture(np.zeros_like(pixels), MIDDLE, SIDES) is None
    assert measure_texture(pixels, (10.0, 85.0), SIDES) is None
