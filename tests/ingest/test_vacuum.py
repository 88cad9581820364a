import numpy as np
import pytest

from ingest.film import estimate_film
from ingest.vacuum import find_vacuum
from ingest.window import Window

VACUUM = 7500.0


def windows(
    level: float, count: int, *, spread: float = 0.01, texture: float = 0.0, side_um: float = 58.0
) -> list[Window]:
    """Windows whose medians are spread evenly, by so much each way."""
    levels = level * np.linspace(1 - spread, 1 + spread, count)
    return [
        Window(
            0,
            0,
            side_um,
            side_um,
            0,
            1.0,
            x,
            (x * np.linspace(0.97, 1.03, 20)).astype("f4"),
            texture,
        )
        for x in levels.tolist()
    ]


def film_at(level: float, count: int, side_um: float = 50.0) -> list[Window]:
    return windows(level, count, spread=0.05, texture=0.03, side_um=side_um)


@pytest.mark.parametrize("empty", [1, 3, 30, 70])
@pytest.mark.parametrize("share", [0.27, 0.5, 0.85])
def test_film_of_any_absorption_is_told_from_any_number_of_empty_squares(
    share: float, empty: int
) -> None:
    film = estimate_film(film_at(share * VACUUM, 12) + windows(VACUUM, empty))

    assert film is not None
    assert film.film == pytest.approx(share * VACUUM, rel=0.06)
    assert film.vacuum == pytest.approx(VACUUM, rel=0.02)


def test_good_film_of_one_level_is_not_vacuum_although_some_squares_drowned() -> None:
    good = windows(6000, 90, texture=0.016, side_um=55.0)

    assert find_vacuum(good + film_at(1500, 10, side_um=25.0)) is None


def test_faint_film_that_ice_narrows_is_not_vacuum() -> None:
    sides = np.linspace(35, 58, 24).tolist()
    faint = [windows(6000, 1, side_um=side)[0] for side in sides]

    assert find_vacuum(faint + film_at(4000, 10)) is None


def test_faint_film_beside_a_drowned_half_of_the_grid_is_not_vacuum() -> None:
    sides = np.linspace(41, 47, 40).tolist()  # ice narrows each by another micrometre or two
    faint = [windows(6000, 1, side_um=side)[0] for side in sides]

    assert find_vacuum(faint + film_at(1800, 50, side_um=30.0)) is None


def test_windows_smaller_than_others_are_not_empty() -> None:
    assert find_vacuum(windows(6000, 20, side_um=50.0) + film_at(4000, 20, side_um=58.0)) is None


def test_a_grid_that_shows_nothing_but_empty_squares_tells_nothing_apart() -> None:
    assert find_vacuum(windows(VACUUM, 40)) is None
    assert find_vacuum([]) is None


def test_windows_too_small_for_their_texture_are_not_empty() -> None:
    unknown = [Window(0, 0, 14, 14, 0, 1.0, 6000, np.full(20, 6000, "f4"))] * 20

    assert find_vacuum(unknown + film_at(4000, 20)) is None


def test_an_empty_square_with_remains_of_film_says_nothing_of_film() -> None:
    shares = np.concatenate([np.linspace(0.5, 0.9, 12), np.linspace(0.96, 1.0, 8)])
    levels = (VACUUM * shares).astype("f4")
    remains = Window(0, 0, 58, 58, 0, 1.0, float(np.median(levels)), levels, 0.05)

    film = estimate_film(film_at(3000, 6) + [remains] * 8 + windows(VACUUM, 30))

    assert film is not None
    assert film.film == pytest.approx(3000, rel=0.06)
