"""Smooth random fields, over a raster and over a whole grid."""

from dataclasses import dataclass
from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

FloatImage = NDArray[np.float32]
"""float32 (height, width)."""


def smooth_field(rng: np.random.Generator, size_px: int, scale_px: float) -> FloatImage:
    """Draw a smooth field of zero mean and about unit spread.

    Args:
        rng: Source of randomness.
        size_px: Side of the square raster.
        scale_px: Distance over which the field changes; at least about 2.

    Returns:
        float32 (size_px, size_px).
    """
    nodes = ceil(size_px / scale_px) + 4
    coarse = rng.standard_normal((nodes, nodes), dtype=np.float32) * np.float32(1.3)
    dx, dy = rng.uniform(1, 2, size=2)
    step = 1 / scale_px
    to_coarse = np.array([[step, 0, dx], [0, step, dy]], dtype=np.float32)
    return np.asarray(
        cv2.warpAffine(
            coarse, to_coarse, (size_px, size_px), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        ),
        dtype=np.float32,
    )


@dataclass(frozen=True)
class GridField:
    """A slowly varying quantity over the whole grid, interpolated between nodes."""

    nodes: FloatImage
    step_um: float

    @classmethod
    def draw(cls, rng: np.random.Generator, radius_um: float, step_um: float) -> "GridField":
        """Draw a field of zero mean and unit spread that covers a disc of `radius_um`."""
        count = 2 * ceil(radius_um / step_um) + 5
        return cls(rng.standard_normal((count, count), dtype=np.float32), step_um)

    def at(self, x_um: float, y_um: float) -> float:
        """Value at a grid position; outside the disc the field keeps its edge value."""
        count = self.nodes.shape[0]
        x = min(max(x_um / self.step_um + (count - 1) / 2, 0.0), count - 1.001)
        y = min(max(y_um / self.step_um + (count - 1) / 2, 0.0), count - 1.001)
        i, j = int(y), int(x)
        fy, fx = y - i, x - j
        fy, fx = fy * fy * (3 - 2 * fy), fx * fx * (3 - 2 * fx)
        top = self.nodes[i, j] * (1 - fx) + self.nodes[i, j + 1] * fx
        low = self.nodes[i + 1, j] * (1 - fx) + self.nodes[i + 1, j + 1] * fx
        return float(top * (1 - fy) + low * fy)
