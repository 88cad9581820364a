import numpy as np
import pytest

from ingest.film import estimate_film
from ingest.vacuum import find_vacuum
from ingest.window import Window


def windows(level: float, spread: float, count: int, side_um: float = 45.0) -> list[Window]:
    """Windows whose medians are spread evenly, by so much each way."""
    levels = level * np.linspace(1 - spread, 1 + spread, count)
    return [
        Window(0, 0, side_um, side_um, 0, 1.0, x, (x * np.linspace(0.97, 1.03, 20)).astype("f4"))
        for x in levels.tolist()
    ]


FILM = windows(6000, 0.05, 12)
EMPTY = windows(7500, 0.01, 30)


def test_a_narrow_majority_apart_from_film_is_vacuum() -> None:
    vacuum = find_vacuum(FILM + EMPTY)

    assert vacuum is not None
    assert vacuum.level == pytest.approx(7500, rel=0.01)
    assert 6300 < vacuum.empty_above < 7425


def test_film_is_what_the_others_show() -> None:
    film = estimate_film(FILM + EMPTY)

    assert film is not None
    assert film.film == pytest.approx(6000, rel=0.04)
    assert film.vacuum == pytest.approx(7500, rel=0.02)


def test_thin_ice_that_shades_off_into_thicker_is_not_vacuum() -> None:
    assert find_vacuum(EMPTY + windows(6600, 0.12, 30)) is None


def test_drowned_windows_below_film_do_not_make_it_vacuum() -> None:
    assert find_vacuum(EMPTY + windows(5000, 0.2, 20, side_um=20.0)) is None


def test_dark_squares_far_below_do_not_make_film_vacuum() -> None:
    assert find_vacuum(EMPTY + windows(900, 0.5, 30)) is None


def test_few_windows_are_parted_by_chance() -> None:
    assert find_vacuum(EMPTY[:3] + FILM[:2]) is None
    assert find_vacuum(EMPTY + FILM[:3]) is None
    assert find_vacuum([]) is None
