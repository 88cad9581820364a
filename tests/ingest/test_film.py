from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.film import FilmLevels, estimate_film, rounded
from ingest.window import Window


def window(level: float, side_um: float = 45.0, spread: float = 0.03) -> Window:
    levels = level * np.linspace(1 - spread, 1 + spread, 20)
    return Window(0, 0, side_um, side_um, 0, 1.0, level, levels.astype(np.float32))


def test_windows_with_intact_film_give_its_level() -> None:
    film = estimate_film([window(6000)] * 5)

    assert film is not None
    assert film.film == pytest.approx(6000, rel=0.02)
    assert film.vacuum is None


def test_a_few_empty_squares_are_vacuum_not_film() -> None:
    film = estimate_film([window(6000)] * 10 + [window(7300, spread=0.01)] * 2)

    assert film is not None
    assert film.film == pytest.approx(6000, rel=0.02)
    assert film.vacuum == pytest.approx(7300, rel=0.02)


def test_thick_squares_do_not_draw_the_level_down() -> None:
    thick = [window(level) for level in (900, 1300, 1900, 2600, 3300)]

    film = estimate_film([window(6000)] * 5 + thick)

    assert film is not None
    assert film.film == pytest.approx(6000, rel=0.02)


def test_small_drowned_windows_weigh_little() -> None:
    film = estimate_film([window(6000)] * 3 + [window(2000, side_um=10)] * 12)

    assert film is not None
    assert film.film == pytest.approx(6000, rel=0.02)


def test_a_grid_that_is_nearly_all_drowned_has_the_level_of_the_few_windows_with_film() -> None:
    drowned = [window(400 + 5 * number, side_um=28) for number in range(70)]

    film = estimate_film([window(6000)] * 3 + drowned)

    assert film is not None
    assert film.film == pytest.approx(6000, rel=0.02)


def test_one_bright_speck_does_not_make_the_others_drowned() -> None:
    film = estimate_film([window(6000)] * 20 + [window(30000)])

    assert film is not None
    assert film.film == pytest.approx(6000, rel=0.02)


def test_no_windows_have_no_film() -> None:
    assert estimate_film([]) is None


def test_a_window_that_lets_nothing_through_does_not_break_the_estimate() -> None:
    dark = replace(window(1.0), film_levels=np.zeros(20, np.float32))

    film = estimate_film([window(6000)] * 3 + [dark])

    assert film is not None
    assert film.film == pytest.approx(6000, rel=0.02)


@settings(max_examples=20, deadline=None)
@given(st.permutations([window(level) for level in (5900, 6000, 6100, 7300, 2000)]))
def test_the_order_of_windows_decides_nothing(windows: list[Window]) -> None:
    assert estimate_film(windows) == estimate_film(windows[::-1])


@settings(max_examples=20, deadline=None)
@given(st.floats(1, 60000))
def test_levels_are_rounded_to_one_percent(level: float) -> None:
    assert rounded(level) == pytest.approx(level, rel=0.0051)
    assert rounded(rounded(level)) == rounded(level)


@pytest.mark.parametrize(("film", "scale"), [(6160, 32768), (8192, 32768), (8200, 65536), (1, 4)])
def test_full_scale_is_the_power_of_two_from_four_films_up(film: float, scale: float) -> None:
    assert FilmLevels(film, None).full_scale == scale
