"""One bare low-magnification image: squares without metadata."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.atlas import AtlasTile, survey_atlas
from ingest.crops import TileImage, cut_crop
from ingest.epu import read_mrc_metadata, read_pixels
from ingest.memory import ScreenedAtlas, ScreenedCrop
from ingest.mesh import PITCH_RANGE_UM, find_mesh, read_levels, transmission
from ingest.overview import Overview
from ingest.place import NOMINAL_ATLAS_PIXEL_UM, TileOptics
from ingest.records import Point, SquareRecord
from ingest.work_tile import reduce_tile

GUESSED_PITCH_UM = 84.6
"""Pitch taken for a mesh of unknown scale: 300 mesh, the commonest for single particles."""

TRIAL_WIDTHS = (6, 12, 24, 3, 40)
"""Squares across an image of unknown scale, tried in this order."""


class ImageError(ValueError):
    """An image in which no mesh is found, or too small to have one."""


def read_bare_image(path: Path, *, pixel_nm: float | None) -> ScreenedAtlas:
    """Find the squares of one image; positions are its own pixels, stage positions unknown.

    Args:
        path: MRC, TIFF or JPEG.
        pixel_nm: size of a pixel; None reads the MRC header, else guesses from the mesh.

    Raises:
        ImageError: no mesh can be seen in it, or none has room in it.
    """
    pixels = read_pixels(path)
    pixel_um: float = (pixel_nm or _header_pixel_nm(path) or 0.0) * 1e-3 or _guess_pixel_um(
        path, pixels
    )
    height, width = pixels.shape
    if min(height, width) * pixel_um < PITCH_RANGE_UM[0]:
        raise ImageError(
            f"{path}: expected an image of at least {PITCH_RANGE_UM[0]:.0f} um, as wide as a mesh's"
            f" finest square, found {width * pixel_um:.3g} x {height * pixel_um:.3g} um"
        )
    optics = TileOptics(0, (0.0, 0.0), np.eye(2) * pixel_um, pixel_um, width, height)
    name = path.stem
    survey = survey_atlas({name: AtlasTile(0, optics, reduce_tile(pixels, optics))}, None)
    if survey.film is None:
        raise ImageError(f"{path}: expected a mesh with windows, found none")
    image = TileImage(pixels, pixel_um)
    scale = NOMINAL_ATLAS_PIXEL_UM / pixel_um
    squares = []
    for found in survey.squares:
        crop = cut_crop(found.plan, lambda _: image) if found.plan is not None else None
        record = _in_image_pixels(found.record, scale)
        squares.append(ScreenedCrop(record, crop, survey.film.full_scale, has_stage=False))
    mesh = survey.extraction.mesh
    pitch_um = mesh.pitch_um if mesh is not None else None
    return ScreenedAtlas(None, None, None, survey.film, tuple(squares), survey, pitch_um)


def _header_pixel_nm(path: Path) -> float | None:
    metadata = read_mrc_metadata(path) if path.suffix.lower() == ".mrc" else None
    return metadata.pixel_nm if metadata is not None else None


def _guess_pixel_um(path: Path, pixels: NDArray[np.generic]) -> float:
    """Pixel size at which the image's mesh has the commonest pitch.

    Raises:
        ImageError: no mesh can be seen in it.
    """
    height, width = pixels.shape
    for across in TRIAL_WIDTHS:
        trial_um = across * GUESSED_PITCH_UM / max(height, width)
        optics = TileOptics(0, (0.0, 0.0), np.eye(2), trial_um, width, height)
        reduced = reduce_tile(pixels, optics).astype(np.float32)
        overview = Overview(reduced, np.ones(reduced.shape, bool), 0.5, 0.0, 0.0)
        levels = read_levels(overview)
        if not levels.has_windows:
            break
        mesh = find_mesh(transmission(overview, levels), overview)
        if mesh is not None:
            return float(trial_um * GUESSED_PITCH_UM / mesh.pitch_um)
    raise ImageError(f"{path}: expected a mesh of bright windows, found none: give --pixel-nm")


def _in_image_pixels(record: SquareRecord, scale: float) -> SquareRecord:
    """The record's positions, given in nominal atlas pixels, as pixels of the image."""

    def position(value: float) -> float:
        return round((value + 0.5) * scale - 0.5, 3)

    first, second, third, fourth = (
        Point(x=position(corner.x), y=position(corner.y)) for corner in record.corners_px
    )
    return record.model_copy(
        update={
            "center_x_px": position(record.center_x_px),
            "center_y_px": position(record.center_y_px),
            "width_px": round(record.width_px * scale, 3),
            "height_px": round(record.height_px * scale, 3),
            "corners_px": (first, second, third, fourth),
        }
    )
