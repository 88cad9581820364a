"""Previews: what EPU's stretch does to an empty square that is alone on its tile."""

import numpy as np

from simulate.preview import draw_stretch, through_preview

FILM, VACUUM = 1000.0, 1300.0


def image_of(level: float) -> np.ndarray:
    image = np.full((160, 160), 20.0, np.float32)
    image[40:120, 40:120] = level
    return image


def highs(level: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.array([draw_stretch(rng, image_of(level), FILM, VACUUM).high for _ in range(400)])


def test_an_empty_square_is_often_white_and_a_film_square_keeps_its_grey() -> None:
    assert 0.2 < (highs(VACUUM) < 0.95 * VACUUM).mean() < 0.6
    assert (highs(FILM) < 0.95 * FILM).mean() < 0.1


def test_what_is_white_is_flat() -> None:
    rng = np.random.default_rng(1)
    noisy = image_of(VACUUM) + rng.normal(0, 30, (160, 160)).astype(np.float32)
    stretch = next(
        s for s in iter(lambda: draw_stretch(rng, noisy, FILM, VACUUM), None) if s.high < 1100
    )
    inside = through_preview(noisy, stretch, reduction=4.0)[60:100, 60:100]
    assert inside.std() < 0.01 * inside.mean()
    assert abs(inside.mean() - stretch.high) < 0.02 * stretch.high
