"""Previews: what EPU's stretch does to an empty square that is alone on its tile."""

import numpy as np

from simulate.preview import TileLevels, draw_stretch, through_preview

FILM, VACUUM = 1000.0, 1300.0


def image_of(level: float) -> np.ndarray:
    image = np.full((160, 160), 20.0, np.float32)
    image[40:120, 40:120] = level
    return image


def highs(level: float, missing: float, *, holes: bool = True) -> np.ndarray:
    rng = np.random.default_rng(0)
    tile = TileLevels(FILM, VACUUM, missing, holes)
    return np.array([draw_stretch(rng, image_of(level), tile).high for _ in range(400)])


def test_an_empty_square_is_often_white_and_a_film_square_seldom() -> None:
    assert 0.2 < (highs(VACUUM, missing=1.0) < 0.95 * VACUUM).mean() < 0.6
    whole = highs(FILM, missing=0.0)
    assert 0.05 < (whole < 0.95 * FILM).mean() < 0.15
    assert whole.min() < 0.7 * FILM


def test_a_film_without_holes_is_white_more_often_but_not_beside_its_tear() -> None:
    whole = highs(FILM, missing=0.0, holes=False)
    assert 0.2 < (whole < 0.98 * FILM).mean() < 0.6
    assert np.array_equal(highs(FILM, missing=0.1, holes=False), highs(FILM, missing=0.1))


def test_torn_film_of_a_dark_tile_keeps_most_of_its_grey() -> None:
    assert (highs(FILM, missing=0.1) < 0.84 * FILM).mean() == 0


def test_clear_holes_brighter_than_film_are_no_empty_square() -> None:
    assert (highs(1.2 * FILM, missing=0.0) < 1.1 * FILM).mean() < 0.15


def test_a_tear_alone_is_often_hardly_brighter_than_film_which_keeps_its_grey() -> None:
    alone = highs(VACUUM, missing=0.1)
    assert 0.2 < (alone < 0.97 * VACUUM).mean() < 0.6
    assert (alone < 1.04 * FILM).mean() < 0.02


def test_what_is_white_is_flat() -> None:
    rng = np.random.default_rng(1)
    empty = TileLevels(FILM, VACUUM, missing=1.0)
    noisy = image_of(VACUUM) + rng.normal(0, 30, (160, 160)).astype(np.float32)
    stretch = next(s for s in iter(lambda: draw_stretch(rng, noisy, empty), None) if s.high < 1100)
    inside = through_preview(noisy, stretch, reduction=4.0)[60:100, 60:100]
    assert inside.std() < 0.01 * inside.mean()
    assert abs(inside.mean() - stretch.high) < 0.02 * stretch.high
