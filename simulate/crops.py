"""The fast way to a training square: render one crop straight from the specimen, without tiles."""

from dataclasses import dataclass
from math import cos, pi, radians, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.records import CROP_PIXEL_NM, CROP_SIZE_PX
from model.preprocess import encode
from simulate.camera import detect, illuminate
from simulate.fields import FloatImage
from simulate.film import FoilKind
from simulate.preview import TileLevels, draw_stretch, through_preview
from simulate.specimen import Affine, Specimen, compose
from simulate.square import Square
from simulate.view import Source, View
from simulate.visible import Sight, see
from simulate.window import find_window

CROP_PIXEL_UM = CROP_PIXEL_NM / 1000
NEIGHBOUR_UM = 0.5
_SEAM_ODDS = 0.1


@dataclass(frozen=True)
class Jitter:
    """How a cut misses: shift in um, turn in degrees, scale as a factor."""

    shift_um: tuple[float, float] = (0.0, 0.0)
    turn_deg: float = 0.0
    scale: float = 1.0

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Jitter":
        """Draw errors of a few per cent, as a measured window's box has."""
        shift = rng.normal(0, 1.2, size=2)
        return cls(
            (float(shift[0]), float(shift[1])),
            float(rng.normal(0, 1.2)),
            float(np.exp(rng.normal(0, 0.015))),
        )


@dataclass(frozen=True)
class SimulatedCrop:
    """A crop as it travels, with the truth that it shows. `pixels` and `mask` uint8 (640, 640)."""

    pixels: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    full_scale: float
    film_level: float
    vacuum_level: float
    mesh_pitch_um: float
    square: Square
    sight: Sight


def film_transmission(specimen: Specimen) -> float:
    """Transmission of the grid's intact film under thin ice, holes averaged in."""
    foil, thin = specimen.traits.foil, specimen.traits.ice.thin
    open_share = foil.open_share * 0.8
    hole = np.exp(-foil.depth * (1 - foil.visibility))
    return float(np.exp(-thin) * ((1 - open_share) * np.exp(-foil.depth) + open_share * hole))


def cut_crop(
    rng: np.random.Generator, specimen: Specimen, square: Square, view: View, jitter: Jitter
) -> SimulatedCrop | None:
    """Cut one square upright at 160 nm; None where so little transmits that none would find it."""
    window = find_window(square)
    if window is None:
        return None
    to_crop = _to_crop(specimen, square, window.center_px, jitter)
    size = CROP_SIZE_PX
    transmission = specimen.render(
        to_crop, size, size, pixel_um=square.pixel_um, coarse_um=NEIGHBOUR_UM
    )
    raster_to_crop = compose(to_crop, specimen.square_to_grid(square))
    left_um = view.preview_um if view.source is Source.PREVIEW else CROP_PIXEL_UM
    sight = see(square, view.optics, CROP_PIXEL_UM, left_um)
    mask = cv2.warpAffine(sight.mask, raster_to_crop, (size, size), flags=cv2.INTER_NEAREST)
    counts = view.optics.electrons * view.detector.counts
    film, vacuum = film_transmission(specimen) * counts, counts
    holes = specimen.traits.foil.kind is not FoilKind.CONTINUOUS
    levels = TileLevels(film, vacuum, square.condition.missing, holes)
    image = _see(rng, transmission, view, levels)
    image = _draw_seam(rng, image)
    covered = _draw_cover(rng)
    if covered is not None:
        image, mask = image * covered, mask * covered
    level = film * view.film_error
    full_scale = float(2.0 ** np.ceil(np.log2(4 * level)))
    return SimulatedCrop(
        pixels=encode(image, full_scale),
        mask=np.asarray(mask, dtype=np.uint8),
        full_scale=full_scale,
        film_level=level,
        vacuum_level=vacuum,
        mesh_pitch_um=specimen.mesh.pitch_um,
        square=square,
        sight=sight,
    )


def _to_crop(
    specimen: Specimen, square: Square, center_px: tuple[float, float], jitter: Jitter
) -> Affine:
    """Grid um to crop pixels: window in the middle, mesh upright, up to the cut's error."""
    turn = radians(-specimen.mesh.rotation_deg + jitter.turn_deg)
    scale = jitter.scale / CROP_PIXEL_UM
    linear = scale * np.array([[cos(turn), -sin(turn)], [sin(turn), cos(turn)]])
    middle = specimen.square_to_grid(square) @ np.array([*center_px, 1.0])
    target = (CROP_SIZE_PX - 1) / 2 + np.array(jitter.shift_um) / CROP_PIXEL_UM
    return np.column_stack([linear, target - linear @ middle])


def _see(
    rng: np.random.Generator, transmission: FloatImage, view: View, tile: TileLevels
) -> FloatImage:
    """Grey levels of a crop as its source gives them."""
    electrons = illuminate(transmission, view.optics, CROP_PIXEL_UM)
    image = detect(rng, electrons, view.detector)
    if view.gamma != 1.0:
        image = np.float32(tile.film) * np.power(
            np.maximum(image, 0) / np.float32(tile.film), np.float32(view.gamma)
        )
    if view.source is Source.PREVIEW:
        stretch = draw_stretch(rng, image, tile)
        image = through_preview(image, stretch, reduction=view.preview_um / CROP_PIXEL_UM)
        return np.asarray(image * np.float32(np.exp(rng.normal(0, 0.03))), dtype=np.float32)
    sharp = float(rng.uniform(0.3, 0.7))
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sharp), dtype=np.float32)


def _draw_seam(rng: np.random.Generator, image: FloatImage) -> FloatImage:
    """Now and then two tiles meet in the crop, each with its own idea of its dose."""
    if rng.random() > _SEAM_ODDS:
        return image
    angle, offset = float(rng.uniform(0, 2 * pi)), float(rng.uniform(-0.4, 0.4)) * CROP_SIZE_PX
    axis = np.arange(CROP_SIZE_PX, dtype=np.float32) - CROP_SIZE_PX / 2
    beyond = axis * np.float32(cos(angle)) + axis[:, None] * np.float32(sin(angle)) > offset
    return np.where(beyond, image * np.float32(np.exp(rng.normal(0, 0.08))), image)


def _draw_cover(rng: np.random.Generator) -> NDArray[np.uint8] | None:
    """Now and then the square lies at the edge of the tiles and part of the crop is 0."""
    if rng.random() > 0.1:
        return None
    covered = np.ones((CROP_SIZE_PX, CROP_SIZE_PX), np.uint8)
    depth = int(rng.uniform(0, 0.25) * CROP_SIZE_PX)
    covered[:depth] = 0
    return np.ascontiguousarray(np.rot90(covered, int(rng.integers(4))))
