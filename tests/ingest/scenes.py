"""Grids made in memory: bright squares on dark bars, seen by tiles, with every number known."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.mosaic import Mosaic, build_mosaic
from ingest.overview import Overview
from ingest.place import Placed
from ingest.work_tile import WORK_PIXEL_UM

BAR = 40.0
FILM = 6000.0
PITCH_UM = 85.0
SIDE_UM = 45.0
TILE_PX = (500, 360)
"""Work pixels of a tile: 250 x 180 um."""


@dataclass(frozen=True)
class Square:
    """A window of a made-up grid, micrometres, as wide between opposite sides; 4 or 6 corners."""

    x_um: float
    y_um: float
    side_um: float = SIDE_UM
    rotation_deg: float = 0.0
    level: float = FILM
    torn: bool = False
    corners: int = 4


def lattice(
    *,
    pitch_um: float = PITCH_UM,
    rotation_deg: float = 0.0,
    side_um: float = SIDE_UM,
    start_um: tuple[float, float] = (0.0, 0.0),
    reach: int = 12,
) -> list[Square]:
    """Squares around a start, `reach` in each direction."""
    turn = np.radians(rotation_deg)
    along = pitch_um * np.array([np.cos(turn), np.sin(turn)])
    across = pitch_um * np.array([-np.sin(turn), np.cos(turn)])
    steps = range(-reach, reach + 1)
    places = (np.array(start_um) + i * along + j * across for j in steps for i in steps)
    return [Square(float(x), float(y), side_um, rotation_deg) for x, y in places]


def hexagons(*, pitch_um: float, rotation_deg: float, side_um: float, reach: int) -> list[Square]:
    """Windows of a hexagonal mesh around 0, 0: each has six neighbours, sides towards them."""
    turn = np.radians(rotation_deg)
    along = pitch_um * np.array([np.cos(turn), np.sin(turn)])
    across = pitch_um * np.array([np.cos(turn + np.pi / 3), np.sin(turn + np.pi / 3)])
    steps = range(-reach, reach + 1)
    places = (i * along + j * across for j in steps for i in steps)
    return [Square(float(x), float(y), side_um, rotation_deg, corners=6) for x, y in places]


def paint(
    squares: Iterable[Square],
    left_um: float,
    top_um: float,
    shape: tuple[int, int],
    pixel_um: float = WORK_PIXEL_UM,
) -> NDArray[np.float32]:
    """Grey values (shape), the centre of pixel 0, 0 at left, top; edges one pixel wide."""
    image = np.full(shape, BAR, np.float32)
    for square in squares:
        reach = square.side_um * 0.7072 + pixel_um
        rows = _span(square.y_um - top_um, reach, pixel_um, shape[0])
        columns = _span(square.x_um - left_um, reach, pixel_um, shape[1])
        y = (top_um + np.arange(rows.start, rows.stop) * pixel_um - square.y_um)[:, None]
        x = (left_um + np.arange(columns.start, columns.stop) * pixel_um - square.x_um)[None, :]
        image[rows, columns] += _shape_of(square, x, y, pixel_um) * (square.level - BAR)
    return image


def _shape_of(
    square: Square, x: NDArray[np.float64], y: NDArray[np.float64], pixel_um: float
) -> NDArray[np.float64]:
    turn = np.radians(square.rotation_deg)
    along = np.cos(turn) * x + np.sin(turn) * y
    across = np.cos(turn) * y - np.sin(turn) * x
    turns = np.arange(0, np.pi, 2 * np.pi / square.corners)
    axes = (np.cos(turn) * along + np.sin(turn) * across for turn in turns)
    share: NDArray[np.float64] = np.ones_like(along)
    for axis in axes:
        share = share * np.clip((square.side_um / 2 - np.abs(axis)) / pixel_um + 0.5, 0, 1)
    if square.torn:  # a third of it has no film: dark in a corner, as where film has rolled up
        share = share * ~((along > square.side_um / 8) & (across > square.side_um / 8))
    return share


def _span(centre_um: float, reach_um: float, pixel_um: float, length: int) -> slice:
    first = int(np.floor((centre_um - reach_um) / pixel_um))
    last = int(np.ceil((centre_um + reach_um) / pixel_um)) + 1
    return slice(min(max(first, 0), length), min(max(last, 0), length))


def place(column: int, row: int, tile_px: tuple[int, int] = TILE_PX) -> Placed:
    """A tile's place on the nominal lattice."""
    width_um, height_um = (side * WORK_PIXEL_UM for side in tile_px)
    return Placed(column, row, 0.95 * column * width_um, 0.95 * row * height_um)


def tile_pixels(
    squares: Iterable[Square], site: Placed, tile_px: tuple[int, int] = TILE_PX
) -> NDArray[np.float32]:
    """What a tile at a place sees, with shot noise that depends on the place alone."""
    width, height = tile_px
    left = site.x_um - (width - 1) / 2 * WORK_PIXEL_UM
    top = site.y_um - (height - 1) / 2 * WORK_PIXEL_UM
    clean = paint(squares, left, top, (height, width))
    return with_noise(clean, seed=1000 * (site.column + 50) + site.row + 50)


def with_noise(clean: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """Shot noise at 100 counts per electron and 13 tile pixels per work pixel."""
    per_count = 100 / 13
    electrons = np.random.default_rng(seed).poisson(clean / per_count)
    return np.asarray(electrons * per_count, np.float32)


def mosaic(
    squares: Iterable[Square],
    columns: int = 3,
    rows: int = 3,
    *,
    without: Iterable[tuple[int, int]] = (),
) -> Mosaic:
    """Tiles around site 0, 0 that look at the same grid."""
    squares, missing = list(squares), set(without)
    sites = {f"{c},{r}": place(c, r) for c, r in _sites(columns, rows) if (c, r) not in missing}
    return build_mosaic({name: tile_pixels(squares, site) for name, site in sites.items()}, sites)


def _sites(columns: int, rows: int) -> Iterator[tuple[int, int]]:
    for row in range(-(rows // 2), rows - rows // 2):
        for column in range(-(columns // 2), columns - columns // 2):
            yield column, row


def overview(squares: Iterable[Square], side_um: float = 900.0, pixel_um: float = 2.0) -> Overview:
    """A square piece of a grid around 0, 0 at the scale of overviews."""
    size = round(side_um / pixel_um)
    left = -(size - 1) / 2 * pixel_um
    pixels = with_noise(paint(squares, left, left, (size, size), pixel_um), seed=1)
    return Overview(pixels, np.ones(pixels.shape, bool), pixel_um, left, left)
