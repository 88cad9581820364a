"""The stage: which point a position brings under the beam, and what a tile then shows.

EPU's model (format page, section 6), for a pixel p of an image taken at stage (X0, Y0): u = -M (p
- c); X = X0 + s u_x cos(phi); Y = Y0 + u_y + s u_x sin(phi); phi = -Y0 / L. A rod of length L that
swings about its far end moves the specimen on an arc; in specimen coordinates g that is X = s (g_x
- s g_y^2 / 2L), Y = g_y.
"""

from dataclasses import dataclass
from math import cos, sin

import numpy as np

from simulate.instrument import Instrument
from simulate.specimen import Affine

Vector = tuple[float, float]


@dataclass(frozen=True)
class TileView:
    """Where one tile was taken: index, lattice site, and the stage as it was read back, um."""

    index: int
    column: int
    row: int
    stage_um: Vector


def stage_of(instrument: Instrument, specimen_um: Vector) -> Vector:
    """The stage position (um) that centres a point of the specimen."""
    s, pivot = instrument.stage_scale, instrument.pivot_um
    x, y = specimen_um
    return s * (x - s * y * y / (2 * pivot)), y


def commanded_stage(instrument: Instrument, column: int, row: int) -> Vector:
    """Where EPU sends the stage for a tile of the lattice, um."""
    step = np.array([column * instrument.step_px[0], row * instrument.step_px[1]])
    u = -instrument.image_to_stage_um @ step
    return float(instrument.stage_scale * u[0]), float(u[1])


def tile_pixel(instrument: Instrument, view: TileView, stage_um: Vector) -> Vector:
    """Pixel of a tile that shows what a stage position would centre: EPU's formula solved for p."""
    phi = -view.stage_um[1] / instrument.pivot_um
    across = (stage_um[0] - view.stage_um[0]) / cos(phi)
    u = (across / instrument.stage_scale, stage_um[1] - view.stage_um[1] - sin(phi) * across)
    p = -np.linalg.solve(instrument.image_to_stage_um, np.array(u))
    return float(p[0]) + instrument.width_px / 2, float(p[1]) + instrument.height_px / 2


def specimen_to_tile(instrument: Instrument, view: TileView, near_um: Vector) -> Affine:
    """Specimen um to tile pixels, exact at `near_um` and linear around it."""
    origin = np.array(tile_pixel(instrument, view, stage_of(instrument, near_um)))
    step = 5.0
    columns = [
        np.array(
            tile_pixel(instrument, view, stage_of(instrument, (near_um[0] + dx, near_um[1] + dy)))
        )
        for dx, dy in ((step, 0.0), (0.0, step))
    ]
    linear = np.column_stack([(column - origin) / step for column in columns])
    return np.column_stack([linear, origin - linear @ np.array(near_um)])


def specimen_at(instrument: Instrument, stage_um: Vector) -> Vector:
    """The point of the specimen (um) that a stage position centres: the inverse of `stage_of`."""
    s, pivot = instrument.stage_scale, instrument.pivot_um
    x, y = stage_um
    return x / s + s * y * y / (2 * pivot), y
