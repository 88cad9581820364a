"""What is no grid square is told from what may be one, however drowned, torn or dirty."""

import numpy as np
import pytest
from numpy.typing import NDArray

from model.domain import why_not_a_square
from tests.model.samples import window

SIZE = 640
Y, X = np.mgrid[:SIZE, :SIZE].astype(np.float32)


def noisy(film: NDArray[np.float32], strength: float = 0.05) -> NDArray[np.float32]:
    grain = np.random.default_rng(0).standard_normal(film.shape).astype(np.float32)
    return np.maximum(film + strength * np.sqrt(film) * grain, 0)


def holes(period: float, film: float, hole: float) -> NDArray[np.float32]:
    """A picture at hole magnification: round holes in film, no bar in sight."""
    along, across = 0.98 * X + 0.2 * Y, 0.98 * Y - 0.2 * X
    radius = np.hypot(along % period - period / 2, across % period - period / 2)
    return np.where(radius < 0.36 * period, hole, film).astype(np.float32)


def lamella(turn_deg: float) -> NDArray[np.float32]:
    """A thin bright slab across dark cells."""
    turn = np.deg2rad(turn_deg)
    away = np.abs((X - SIZE / 2) * np.sin(turn) + (Y - SIZE / 2) * np.cos(turn))
    return np.where(away < 50, 0.8, 0.15).astype(np.float32)


@pytest.mark.parametrize(
    ("film", "reason"),
    [
        (np.zeros((SIZE, SIZE), np.float32), "black"),
        (np.full((SIZE, SIZE), 0.7, np.float32), "constant"),
        (noisy(np.full((SIZE, SIZE), 1.15, np.float32)), "no grid bars"),
        (noisy(np.full((SIZE, SIZE), 0.02, np.float32)), "no window"),
        (noisy(X / SIZE), "no window"),
        (noisy(holes(40, 0.9, 1.2)), "no grid bars"),
        (noisy(holes(220, 0.9, 1.2)), "no grid bars"),
        (noisy(holes(40, 0.25, 0.9)), "no window"),
        (noisy(holes(110, 0.25, 0.9)), "no window"),
        (noisy(lamella(0)), "no window"),
        (noisy(lamella(20)), "no window"),
        (noisy(lamella(75)), "no window"),
        (window(4.5, size_px=SIZE), "far brighter"),
    ],
)
def test_what_is_no_square_is_named(film: NDArray[np.float32], reason: str) -> None:
    assert reason in (why_not_a_square(film) or "taken for a square")


def test_pure_noise_is_no_square() -> None:
    noise = np.random.default_rng(1).random((SIZE, SIZE)).astype(np.float32)
    assert "no window" in (why_not_a_square(noise) or "")


def beside_neighbours() -> NDArray[np.float32]:
    film = np.full((SIZE, SIZE), 0.01, np.float32)
    for left in (-330, 60, 450):
        for top in (-330, 60, 450):
            film[max(top, 0) : top + 330, max(left, 0) : left + 330] = 1.0
    return film


def torn() -> NDArray[np.float32]:
    film = window(1.0, 0.6, SIZE)
    film[250:400, 128:512] = 1.3
    film[400:512, 128:300] = 0.01
    return film


@pytest.mark.parametrize(
    "film",
    [
        window(1.0, 0.6, SIZE),
        window(0.06, 0.3, SIZE),
        window(1.0, 0.94, SIZE),
        window(3.4, 0.5, SIZE),
        beside_neighbours(),
        torn(),
    ],
)
def test_what_may_be_a_square_is_scored(film: NDArray[np.float32]) -> None:
    assert why_not_a_square(noisy(film, 0.02)) is None
