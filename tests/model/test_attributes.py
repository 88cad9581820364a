"""Brightness and squareness of shapes that one can compute in the head."""

import numpy as np
import pytest

from model.attributes import brightness, squareness, stray_light
from tests.model.samples import window

SIZE = 640
Y, X = np.mgrid[:SIZE, :SIZE]


def disc(radius: int) -> np.ndarray:
    inside = radius**2 > (Y - SIZE / 2) ** 2 + (X - SIZE / 2) ** 2
    return inside.astype(np.float32)


@pytest.mark.parametrize("level", [0.2, 0.5, 1.0])
def test_brightness_is_four_times_the_windows_level_whatever_its_size(level: float) -> None:
    for side in (0.3, 0.7):
        assert brightness(window(level, side, SIZE)) == pytest.approx(4 * level, abs=0.01)


def test_brightness_stops_at_four_and_a_dark_square_has_none() -> None:
    assert brightness(window(1.5, size_px=SIZE)) == 4.0
    assert brightness(window(0.02, size_px=SIZE)) == 0.0


@pytest.mark.parametrize("level", [0.06, 0.3, 1.0])
def test_a_whole_square_is_fully_square_at_any_brightness(level: float) -> None:
    assert squareness(window(level, size_px=SIZE)) == pytest.approx(4.0, abs=0.1)


def test_a_disc_fills_a_quarter_of_pi_of_its_square() -> None:
    assert squareness(disc(200)) == pytest.approx(np.pi, abs=0.1)


def test_a_triangle_fills_half_of_its_square() -> None:
    half = window(1.0, size_px=SIZE) * (Y > X)
    assert squareness(half.astype(np.float32)) == pytest.approx(2.0, abs=0.15)


def test_a_turned_square_is_as_square() -> None:
    turned = (np.abs(X - 320) + np.abs(Y - 320) < 220).astype(np.float32)
    assert squareness(turned) == pytest.approx(4.0, abs=0.15)


def test_a_neighbour_at_the_margin_changes_nothing() -> None:
    alone = window(1.0, 0.5, SIZE)
    beside = alone.copy()
    beside[200:440, :60] = 1.0
    assert squareness(beside) == pytest.approx(squareness(alone), abs=0.01)


def test_a_faint_scratch_on_the_bars_changes_nothing() -> None:
    alone = window(1.0, 0.4, SIZE)
    scratched = alone.copy()
    scratched[100:104, 100:540] = 0.04
    assert squareness(scratched) == pytest.approx(squareness(alone), abs=0.01)


def test_nothing_has_no_squareness() -> None:
    assert squareness(np.zeros((SIZE, SIZE), np.float32)) == 0.0


@pytest.mark.parametrize("stray", [0.0, 0.04, 0.06, 0.12])
def test_stray_light_on_the_bars_is_not_taken_for_film(stray: float) -> None:
    film = window(0.6) + np.float32(stray)
    assert stray_light(film) == pytest.approx(stray + 0.01, abs=1e-4)
    assert brightness(film) == pytest.approx(4 * (0.6 + stray), abs=0.02)
    assert squareness(film) == pytest.approx(squareness(window(0.6)), abs=0.02)


def test_where_no_tile_is_nothing_is_said_of_stray_light() -> None:
    film = window(0.6) + np.float32(0.1)
    film[:, :8] = 0
    assert stray_light(film) == pytest.approx(0.1, abs=0.01)


def test_film_from_edge_to_edge_is_not_stray_light() -> None:
    assert brightness(np.full((64, 64), 0.5, np.float32)) == pytest.approx(2.0)
