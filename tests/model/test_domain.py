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
        (noisy(np.full((SIZE, SIZE), 0.02, np.float32)), "almost black"),
        (noisy(X / SIZE), "no window"),
        (noisy(holes(40, 0.9, 1.2)), "no grid bars"),
        (noisy(holes(220, 0.9, 1.2)), "no grid bars"),
        (noisy(holes(40, 0.25, 0.9)), "no window"),
        (noisy(holes(110, 0.25, 0.9)), "more windows"),
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


FINE_UM, COARSE_UM = 85.0, 127.0
"""Pitch of a mesh whose bars every crop must show, and of one whose windows can fill a crop."""


def filling(left: int, top: int, level: float = 1.0) -> NDArray[np.float32]:
    """A window wider than the crop but for a sliver of bar on two sides, 0.16 um to a pixel."""
    film = np.full((SIZE, SIZE), level, np.float32)
    film[:, :left] = film[:top] = 0.01
    return film


@pytest.mark.parametrize(
    "film", [filling(0, 0), filling(6, 0), filling(6, 10), filling(0, 4, 0.4), filling(90, 0)]
)
def test_a_window_may_fill_the_crop_on_a_coarse_mesh_alone(film: NDArray[np.float32]) -> None:
    assert why_not_a_square(noisy(film), COARSE_UM) is None
    assert why_not_a_square(noisy(film), FINE_UM) is not None
    assert why_not_a_square(noisy(film)) is not None


@pytest.mark.parametrize("pitch_um", [FINE_UM, COARSE_UM])
def test_a_site_of_the_mesh_that_is_all_but_dark_is_a_drowned_square(pitch_um: float) -> None:
    glow = 0.007 + 0.012 * np.exp(-((X - SIZE / 2) ** 2 + (Y - SIZE / 2) ** 2) / 40**2)
    film = noisy(glow.astype(np.float32), 0.02)
    assert why_not_a_square(film, pitch_um) is None
    assert why_not_a_square(0 * film, pitch_um) == "black: nothing transmits here"


def test_a_drowned_square_between_bright_neighbours_is_one_of_its_mesh() -> None:
    film = np.full((SIZE, SIZE), 0.03, np.float32)
    film[:80, 220:420] = film[220:420, :90] = 1.0
    assert why_not_a_square(noisy(film, 0.02), 62.0) is None
    assert "no window" in (why_not_a_square(noisy(film, 0.02)) or "")


@pytest.mark.parametrize("pitch_um", [FINE_UM, COARSE_UM])
def test_a_lamella_is_none_on_any_mesh(pitch_um: float) -> None:
    assert "no window" in (why_not_a_square(noisy(lamella(20)), pitch_um) or "")


def test_thin_bars_around_a_wide_window_are_seen() -> None:
    film = window(1.0, 0.975, SIZE)  # bars of 1.3 um
    assert why_not_a_square(noisy(film)) is None


def test_a_window_under_ice_that_broke_into_many_pieces_is_a_square_of_its_mesh() -> None:
    film = window(0.3, 0.6, SIZE)
    for left in range(140, 500, 80):
        for top in range(140, 500, 80):
            film[top : top + 40, left : left + 40] = 1.0
    assert why_not_a_square(noisy(film), FINE_UM) is None
