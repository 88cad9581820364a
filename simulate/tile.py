"""One tile of an atlas: the specimen as the camera sees it at one stage position."""

from dataclasses import dataclass
from math import ceil, cos, radians, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from simulate.camera import Detector, Optics, detect, illuminate
from simulate.instrument import Instrument
from simulate.rubric import Severities
from simulate.specimen import Affine, Specimen, compose, lay_square
from simulate.square import Square
from simulate.stage import TileView, specimen_at, specimen_to_tile, stage_of, tile_pixel
from simulate.visible import see
from simulate.window import Window, find_window

BEAM_FALL = 0.06
"""How much darker the beam is at a tile's corner than in its middle."""

CORNER_PX = 0.5
"""Tile pixels count from the first one's corner, rasters are laid from its centre."""

_FINEST_UM = 0.25
_PATCH_UM, _PATCH_SD = 4.0, 0.45
"""Size and spread of the patches on metal bars, as real previews show them."""


@dataclass(frozen=True)
class Seen:
    """A square's window as a tile shows it: centre in tile pixels, size and stage in um.

    `severities` count the dirt that can be seen, see `simulate.visible`.
    """

    column: int
    row: int
    x_px: float
    y_px: float
    size_um: tuple[float, float]
    stage_um: tuple[float, float]
    severities: Severities


@dataclass(frozen=True)
class Tile:
    """Counts uint16 (height, width), mean electrons per pixel, and the windows in it."""

    counts: NDArray[np.uint16]
    dose: float
    seen: tuple[Seen, ...]


def raster_um(instrument: Instrument) -> float:
    """Raster pixel at which squares are rendered for a camera."""
    return max(_FINEST_UM, 1.6 * instrument.pixel_um)


def take_tile(
    rng: np.random.Generator,
    specimen: Specimen,
    instrument: Instrument,
    view: TileView,
    look: tuple[Optics, Detector],
    left_um: float | None = None,
) -> Tile:
    """Expose one tile.

    Args:
        rng: Source of randomness.
        specimen: The grid.
        instrument: Microscope and camera.
        view: Where the stage is.
        look: Dose and sharpness, camera.
        left_um: Pixel of the finest image that is written of it; None: the camera's.
    """
    optics, detector = look
    width, height = instrument.width_px, instrument.height_px
    image = np.zeros((height, width), np.float32)
    middle = specimen_to_tile(instrument, view, specimen_at(instrument, view.stage_um))
    seen: list[Seen] = []
    for column, row in specimen.squares_in(middle, width, height):
        square = specimen.square(column, row, raster_um(instrument))
        center = specimen.mesh.center_um(column, row)
        exact = compose(specimen_to_tile(instrument, view, center), specimen.square_to_grid(square))
        exact[:, 2] -= CORNER_PX
        lay_square(image, square, exact)
        window = find_window(square)
        if window is not None:
            sight = see(square, optics, instrument.pixel_um, left_um or instrument.pixel_um)
            seen.append(_locate(specimen, instrument, view, square, window, sight.severities))
    electrons = illuminate(image, optics, instrument.pixel_um)
    electrons *= _beam(width, height)
    electrons += np.float32(optics.electrons * optics.leak) * _patches(rng, instrument)
    pattern = np.random.default_rng(width + 31 * height)
    counts = detect(rng, electrons, detector, pattern)
    written = np.clip(np.rint(counts), 0, 65535).astype(np.uint16)
    dose = float(written.mean(dtype=np.float64) / detector.counts)
    inside = tuple(s for s in seen if 0 <= s.x_px < width and 0 <= s.y_px < height)
    return Tile(written, dose, inside)


def window_stage_um(
    specimen: Specimen, instrument: Instrument, square: Square, window: Window
) -> tuple[float, float]:
    """Where to drive the stage to centre a window."""
    to_grid: Affine = specimen.square_to_grid(square)
    x, y = to_grid @ np.array([*window.center_px, 1.0])
    return stage_of(instrument, (float(x), float(y)))


def mesh_rotation(specimen: Specimen, instrument: Instrument) -> float:
    """Angle of the mesh in the image, rad, between -pi/4 and pi/4."""
    turn = radians(specimen.mesh.rotation_deg)
    side = -np.linalg.solve(instrument.image_to_stage_um, [cos(turn), sin(turn)])
    angle = float(np.arctan2(side[1], side[0]))
    quarter = np.pi / 2
    return angle - quarter * round(angle / quarter)


def _locate(
    specimen: Specimen,
    instrument: Instrument,
    view: TileView,
    square: Square,
    window: Window,
    severities: Severities,
) -> Seen:
    stage = window_stage_um(specimen, instrument, square, window)
    x, y = tile_pixel(instrument, view, stage)
    recipe = square.recipe
    return Seen(recipe.column, recipe.row, x, y, window.size_um, stage, severities)


def _patches(rng: np.random.Generator, instrument: Instrument) -> NDArray[np.float32]:
    """How unevenly the bars let light through, about 0 and never below -1; (height, width)."""
    width, height = instrument.width_px, instrument.height_px
    step = _PATCH_UM / instrument.pixel_um
    coarse = (ceil(height / step) + 1, ceil(width / step) + 1)
    field = np.float32(_PATCH_SD) * rng.standard_normal(coarse, dtype=np.float32)
    smooth = cv2.resize(field, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.maximum(smooth, -1), dtype=np.float32)


def _beam(width: int, height: int) -> NDArray[np.float32]:
    """Slow profile of the beam, 1 in the middle; float32 (height, width)."""
    x = np.square(np.linspace(-1, 1, width, dtype=np.float32))
    y = np.square(np.linspace(-1, 1, height, dtype=np.float32))
    fall = np.float32(BEAM_FALL / 2)
    return np.asarray((1 - fall * x) * (1 - fall * y)[:, None], dtype=np.float32)
