"""Bend a simulated crop so that gain, focus, noise and place of any microscope are among it."""

from dataclasses import dataclass
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from model.config import AugmentConfig

_CORNERS = 0.2
_FINE_NOISE = 0.5
_MOST_LINES = 4
_LINE_GAIN = (0.4, 1.3)
_Kind = TypeVar("_Kind", np.uint8, np.uint16)


@dataclass(frozen=True)
class Placement:
    """How a crop is laid: one affine map for its pixels and, scaled, for its masks.

    Attributes:
        matrix: (2, 3), output pixel to input pixel, for coordinates from 0 to 1.
        mirrored: whether the output is flipped left to right afterwards.
        rims: where the tiles end: direction (radians) and distance (crop sides) from the middle.
    """

    matrix: NDArray[np.float64]
    mirrored: bool
    rims: tuple[tuple[float, float], ...] = ()

    def apply(self, image: NDArray[_Kind]) -> NDArray[_Kind]:
        """Resample an image of any size (size, size[, channels]); outside becomes 0."""
        size = image.shape[0]
        matrix = self.matrix.copy()
        matrix[:, 2] = self.matrix[:, 2] * size + self.matrix[:, :2].sum(1) * 0.5 - 0.5
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        placed = cv2.warpAffine(image, matrix, (size, size), flags=flags)
        return np.array(placed[:, ::-1] if self.mirrored else placed, image.dtype)

    def cut(self, image: NDArray[Any]) -> None:
        """Make 0 of what lies beyond a rim, in place; of masks too: nothing there can be seen."""
        axis = (np.arange(image.shape[0]) + 0.5) / image.shape[0] - 0.5
        for direction, distance in self.rims:
            along = axis[None, :] * np.cos(direction) + axis[:, None] * np.sin(direction)
            image[along > distance] = 0


def draw_placement(config: AugmentConfig, size_px: int, rng: Generator) -> Placement:
    """Draw a quarter turn, a mirror, a small tilt, zoom and shift about the centre, and rims."""
    turn = np.deg2rad(90.0 * rng.integers(4) + rng.uniform(-1, 1) * config.turn_deg)
    scale = 1.0 + rng.uniform(-1, 1) * config.zoom
    shift = rng.uniform(-1, 1, 2) * config.shift_px / size_px
    linear = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) / scale
    offset = 0.5 - linear @ np.array([0.5, 0.5]) + shift
    mirrored = bool(rng.integers(2))
    return Placement(np.column_stack([linear, offset]), mirrored, _draw_rims(config, rng))


def _draw_rims(config: AugmentConfig, rng: Generator) -> tuple[tuple[float, float], ...]:
    """Now and then the square lies at the tiles' rim, at any angle, or in a corner of it.

    Upright squares lie at any angle to the camera.
    """
    if rng.random() >= config.edge:
        return ()
    direction = rng.uniform(0, 2 * np.pi)
    first = (direction, rng.uniform(0, 0.5))
    if rng.random() >= _CORNERS:
        return (first,)
    return first, (direction + np.pi / 2, rng.uniform(0, 0.5))


def bend_grey(
    film: NDArray[np.float32], config: AugmentConfig, rng: Generator
) -> NDArray[np.float32]:
    """Change focus, contrast, level, slope and stray light; noise comes last, see `add_noise`.

    Args:
        film: (size, size), film units.
        config: how far.
        rng: drawn from.
    """
    sigma = rng.uniform(0, config.blur_px) * (rng.random() < config.blurred)
    if sigma > 0.4:
        film = np.asarray(cv2.GaussianBlur(film, (0, 0), sigma), np.float32)
    film = np.maximum(film, 0) ** np.float32(1.0 + rng.uniform(-1, 1) * config.gamma)
    slope = rng.uniform(-1, 1, 2) * config.gradient
    axis = np.linspace(-0.5, 0.5, film.shape[0], dtype=np.float32)
    gain = 1.0 + rng.uniform(-1, 1) * config.film_level
    plane = gain * (1.0 + slope[0] * axis[:, None] + slope[1] * axis[None, :])
    stray = config.offset * rng.uniform() ** 3
    bent = film * plane.astype(np.float32) + np.float32(stray)
    return np.asarray(bent, np.float32)


def add_lines(
    film: NDArray[np.float32], config: AugmentConfig, rng: Generator
) -> NDArray[np.float32]:
    """Make some rows or columns darker or brighter, as a camera without a reference shows them."""
    if rng.random() >= config.lines:
        return film
    lined = film.copy()
    for _ in range(int(rng.integers(1, _MOST_LINES + 1))):
        gain = np.float32(rng.uniform(*_LINE_GAIN))
        where = int(rng.integers(film.shape[0]))
        if rng.random() < 0.5:
            lined[where] *= gain
        else:
            lined[:, where] *= gain
    return lined


def find_flat(pixels: NDArray[_Kind]) -> NDArray[np.bool_]:
    """Where pixels equal their neighbours: a preview's clipped white or black, (size, size)."""
    near = np.ones((3, 3), np.uint8)
    return np.asarray(cv2.dilate(pixels, near) == cv2.erode(pixels, near), np.bool_)


def add_noise(
    film: NDArray[np.float32], flat: NDArray[np.bool_], config: AugmentConfig, rng: Generator
) -> NDArray[np.float32]:
    """Add shot noise, white or as soft as a preview's.

    Args:
        film: (size, size), film units.
        flat: where a preview was clipped, (size, size): no noise shows there, which tells white
            that is nothing from film as bright.
        config: how much.
        rng: drawn from.
    """
    strength = config.noise * rng.uniform() ** 2 * (rng.random() < config.noisy)
    noise = rng.standard_normal(film.shape, dtype=np.float32)
    if rng.random() > _FINE_NOISE:
        width = rng.uniform(0.7, 2.0)
        noise = cv2.GaussianBlur(noise, (0, 0), width) * np.float32(2.0 * width)
    noisy = film + np.float32(strength) * np.sqrt(np.maximum(film, 0)) * noise * ~flat
    return np.asarray(np.maximum(noisy, 0), np.float32)
