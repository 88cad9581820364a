"""One square as other cameras and other estimates of the film level would show it."""

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from model.preprocess import Crop, encode, film_units

Film = NDArray[np.float32]
Bend = Callable[[Film, np.random.Generator], NDArray[np.floating]]
"""From film units (640, 640) to the same."""


_BEYOND = 0.08
"""Where a rim runs, in crop sides from the middle."""


def show(crop: Crop, bend: Bend, seed: int) -> Crop:
    """Bend a crop's pixels; the same seed draws the same noise, lines and spots."""
    film = bend(film_units(crop), np.random.default_rng(seed))
    grey = np.maximum(film, 0).astype(np.float32) * np.float32(crop.film_level)
    return replace(crop, pixels=encode(grey, crop.full_scale))


def with_level(crop: Crop, factor: float) -> Crop:
    """The same pixels, the grid's film level estimated wrongly."""
    return replace(crop, film_level=crop.film_level * factor)


def _slope(film: Film, _: np.random.Generator) -> NDArray[np.floating]:
    return film * (1 + 0.25 * _axis(film)[None, :])


def _vignette(film: Film, _: np.random.Generator) -> NDArray[np.floating]:
    square = _axis(film) ** 2
    return film * (1 - 0.5 * (square[:, None] + square[None, :]))


def _stripes(film: Film, rng: np.random.Generator) -> NDArray[np.floating]:
    gain = 1 + 0.04 * rng.standard_normal((1, film.shape[1]))
    return np.asarray(film * gain)


def _stray(share: float) -> Bend:
    return lambda film, _: film + np.float32(share)


def _noise(film: Film, rng: np.random.Generator) -> NDArray[np.floating]:
    white = rng.standard_normal(film.shape, dtype=np.float32)
    soft = cv2.GaussianBlur(white, (0, 0), 1.5)
    strength = np.float32(0.10 / soft.std())
    return np.asarray(film + strength * np.sqrt(np.maximum(film, 0)) * soft)


def _dead_lines(film: Film, rng: np.random.Generator) -> NDArray[np.floating]:
    lined = film.copy()
    lined[:, rng.integers(0, film.shape[1], 3)] = 0
    lined[rng.integers(0, film.shape[0], 2)] = 0
    return lined


def _hot_pixels(film: Film, rng: np.random.Generator) -> NDArray[np.floating]:
    return np.where(rng.random(film.shape) < 0.002, 3.0, film)


def _blur(film: Film, _: np.random.Generator) -> NDArray[np.floating]:
    return np.asarray(cv2.GaussianBlur(film, (0, 0), 8.0))


def _coarse(film: Film, _: np.random.Generator) -> NDArray[np.floating]:
    side = film.shape[0]
    small = cv2.resize(film, (side // 8, side // 8), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (side, side), interpolation=cv2.INTER_LINEAR))


def _contrast(power: float) -> Bend:
    return lambda film, _: np.maximum(film, 0) ** power


def _rim(film: Film, rng: np.random.Generator) -> NDArray[np.floating]:
    """Nothing beyond the tiles' rim, which runs at any angle through the window."""
    direction = rng.uniform(0, 2 * np.pi)
    along = _axis(film)[None, :] * np.cos(direction) + _axis(film)[:, None] * np.sin(direction)
    return np.where(along > _BEYOND, 0, film)


def _axis(film: Film) -> NDArray[np.float64]:
    return np.linspace(-0.5, 0.5, film.shape[0])


BENDS: dict[str, Bend] = {
    "as it is": lambda film, _: film,
    "brighter by 25 % across": _slope,
    "25 % darker in the corners": _vignette,
    "stripes of 4 %": _stripes,
    "stray light, 8 % of film": _stray(0.08),
    "stray light, 15 % of film": _stray(0.15),
    "noise, 10 % of film": _noise,
    "five dead rows and columns": _dead_lines,
    "one pixel in 500 three times too bright": _hot_pixels,
    "blurred by 1.3 um": _blur,
    "pixels of 1.3 um": _coarse,
    "contrast to the power 1.6": _contrast(1.6),
    "contrast to the power 0.65": _contrast(0.65),
    "a third of it beyond the tiles' rim": _rim,
}
LEVELS = {"film level 20 % too low": 0.8, "film level 20 % too high": 1.2}
