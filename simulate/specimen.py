"""A whole simulated grid: every square is drawn from its own seed, when it is asked for."""

from collections import OrderedDict
from math import ceil, cos, hypot, radians, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from simulate.fields import FloatImage
from simulate.recipes import draw_recipe
from simulate.square import Square, SquareRecipe, render_square
from simulate.traits import GridTraits

_CACHE = 256
_OFFSET = 1000

Affine = NDArray[np.float64]
"""float64 (2, 3): grid um to image pixels."""


class Specimen:
    """A grid in grid coordinates: um, origin at its centre, x right, y down as in an image."""

    def __init__(self, traits: GridTraits, seed: tuple[int, ...], *, wildness: float = 0.0) -> None:
        self.traits = traits
        self.mesh = traits.mesh
        self._seed = seed
        self._wildness = wildness
        self._rendered: OrderedDict[tuple[int, int, float], Square] = OrderedDict()

    def recipe(self, column: int, row: int) -> SquareRecipe:
        """What a square is made of, without rendering it."""
        return draw_recipe(
            self._rng(column, row, 0), self.traits, column, row, wildness=self._wildness
        )

    def square(self, column: int, row: int, pixel_um: float) -> Square:
        """The rendered square; the same each time it is asked for."""
        key = (column, row, pixel_um)
        if key not in self._rendered:
            recipe = self.recipe(column, row)
            rng = self._rng(column, row, 1)
            self._rendered[key] = render_square(rng, self.mesh, self.traits.foil, recipe, pixel_um)
            if len(self._rendered) > _CACHE:
                self._rendered.popitem(last=False)
        self._rendered.move_to_end(key)
        return self._rendered[key]

    def render(
        self, to_image: Affine, width_px: int, height_px: int, *, pixel_um: float, coarse_um: float
    ) -> FloatImage:
        """Transmission of a region, float32 (height, width).

        Squares whose centre lies outside the image are rendered coarser: of them one sees a strip.

        Args:
            to_image: Grid um to pixels of the wanted image.
            width_px: Image width.
            height_px: Image height.
            pixel_um: Raster pixel of the squares before they are laid into the image.
            coarse_um: The same for squares at the image's edge.
        """
        image = np.zeros((height_px, width_px), np.float32)
        for column, row in self.squares_in(to_image, width_px, height_px):
            x, y = to_image @ np.array([*self.mesh.center_um(column, row), 1.0])
            central = 0 <= x < width_px and 0 <= y < height_px
            self._lay(image, to_image, self.square(column, row, pixel_um if central else coarse_um))
        return image

    def squares_in(self, to_image: Affine, width_px: int, height_px: int) -> list[tuple[int, int]]:
        """The squares whose opening touches an image, row by row."""
        to_grid = np.linalg.inv(np.vstack([to_image, [0, 0, 1]]))
        corners = np.array(
            [[0, 0, 1], [width_px, 0, 1], [0, height_px, 1], [width_px, height_px, 1]]
        )
        indices = np.array([self.mesh.index_at(*(to_grid @ c)[:2]) for c in corners])
        low = np.floor(indices.min(axis=0) - 0.5).astype(int)
        high = np.ceil(indices.max(axis=0) + 0.5).astype(int)
        cell = compose(to_image, np.column_stack([_rotation(self.mesh.rotation_deg), [0.0, 0.0]]))
        reach_x, reach_y = np.abs(cell[:, :2]).sum(axis=1) * self.mesh.reach_um
        found = []
        for row in range(low[1], high[1] + 1):
            for column in range(low[0], high[0] + 1):
                center = self.mesh.center_um(column, row)
                x, y = to_image @ np.array([*center, 1.0])
                near = -reach_x < x < width_px + reach_x and -reach_y < y < height_px + reach_y
                if near and hypot(*center) < self.mesh.rim_um:
                    found.append((column, row))
        return found

    def square_to_grid(self, square: Square) -> Affine:
        """Raster pixels of a square to grid um."""
        linear = square.pixel_um * _rotation(self.mesh.rotation_deg)
        middle = (square.transmission.shape[0] - 1) / 2
        center = np.array(self.mesh.center_um(square.recipe.column, square.recipe.row))
        return np.column_stack([linear, center - linear @ [middle, middle]])

    def _lay(self, image: FloatImage, to_image: Affine, square: Square) -> None:
        lay_square(image, square, compose(to_image, self.square_to_grid(square)))

    def _rng(self, column: int, row: int, part: int) -> np.random.Generator:
        return np.random.default_rng([*self._seed, column + _OFFSET, row + _OFFSET, part])


def compose(outer: Affine, inner: Affine) -> Affine:
    """The affine map `inner` first, then `outer`."""
    return np.column_stack([outer[:, :2] @ inner[:, :2], outer[:, :2] @ inner[:, 2] + outer[:, 2]])


def _rotation(angle_deg: float) -> Affine:
    turn = radians(angle_deg)
    return np.array([[cos(turn), -sin(turn)], [sin(turn), cos(turn)]])


def _box(matrix: Affine, size: int, shape: tuple[int, ...]) -> tuple[int, int, int, int] | None:
    """Pixel rectangle that a raster covers in an image, or None where it misses it."""
    corners = np.array([[0, 0, 1], [size, 0, 1], [0, size, 1], [size, size, 1]]) @ matrix.T
    x0, y0 = (max(int(v), 0) for v in np.floor(corners.min(axis=0)))
    x1 = min(ceil(corners[:, 0].max()), shape[1])
    y1 = min(ceil(corners[:, 1].max()), shape[0])
    return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


def lay_square(image: FloatImage, square: Square, raster_to_image: Affine) -> None:
    """Add a square to an image; cells do not overlap and bars are 0."""
    matrix = raster_to_image.copy()
    box = _box(matrix, square.transmission.shape[0], image.shape)
    if box is None:
        return
    x0, y0, x1, y1 = box
    matrix[:, 2] -= (x0, y0)
    patch = cv2.warpAffine(square.transmission, matrix, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR)
    image[y0:y1, x0:x1] = np.maximum(image[y0:y1, x0:x1], patch)
