"""What a tear leaves: the layers on which it is drawn, and the rasters that they become."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulate.fields import FloatImage
from simulate.veils import SUBPIXEL_BITS

Points = NDArray[np.float64]
"""float64 (n, 2), um from the middle of the square."""

FOLD = 60
"""Paint of one extra thickness of film."""

ROLL = 50
"""Paint of optical depth 1 of rolled-up film."""


@dataclass(frozen=True)
class Tear:
    """The film that is missing, and film that lies double or curled.

    `missing` 0-1, `layers` extra thicknesses of film (folds), `dark` optical depth of rolled-up
    film; (n, n).
    """

    missing: FloatImage
    layers: FloatImage
    dark: FloatImage

    def over(self, other: "Tear") -> "Tear":
        """Both tears in one film."""
        return Tear(
            missing=np.maximum(self.missing, other.missing),
            layers=self.layers + other.layers,
            dark=self.dark + other.dark,
        )


@dataclass
class Sheets:
    """Three 8-bit layers on which a tear is drawn."""

    missing: NDArray[np.uint8]
    folds: NDArray[np.uint8]
    dark: NDArray[np.uint8]
    pixel_um: float
    half_um: tuple[float, float]

    def px(self, points_um: Points) -> NDArray[np.int32]:
        """Fixed-point raster positions."""
        middle = (self.missing.shape[0] - 1) / 2
        fixed = np.rint((points_um / self.pixel_um + middle) * (1 << SUBPIXEL_BITS))
        return np.asarray(fixed, dtype=np.int32)

    @classmethod
    def blank(cls, size_px: int, pixel_um: float, half_um: tuple[float, float]) -> "Sheets":
        """Empty sheets."""
        missing, folds, dark = (np.zeros((size_px, size_px), np.uint8) for _ in range(3))
        return cls(missing, folds, dark, pixel_um, half_um)

    def tear(self) -> Tear:
        """The rasters that were drawn."""
        unit = np.float32(1 / 255)
        return Tear(
            self.missing * unit, self.folds * np.float32(1 / FOLD), self.dark * np.float32(1 / ROLL)
        )
