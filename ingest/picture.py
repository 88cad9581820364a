"""A picture of an atlas as it was understood: tiles in place, seams, mesh, squares, ids."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.atlas import Survey
from ingest.crops import encode_grey
from ingest.extract import sites_in_reach
from ingest.mosaic import Mosaic
from ingest.place import Pose
from ingest.window import Window
from ingest.work_tile import WORK_PIXEL_UM

LONG_SIDE_PX = 4000
FINEST_UM = 0.5
SEAM, SITE, WHOLE, PART, TEXT = (
    (200, 120, 40),
    (200, 60, 200),
    (80, 220, 80),
    (40, 200, 240),
    (240, 240, 240),
)
"""Colours, blue green red."""

_SHIFT = 4
"""Bits of a fraction of a pixel in what OpenCV draws."""


class NothingToDrawError(ValueError):
    """A survey without a placed tile."""


def draw_survey(survey: Survey, labels: Sequence[str]) -> NDArray[np.uint8]:
    """Draw a survey, (h, w, 3) uint8, blue green red, at most 4000 pixels a side.

    Tiles lie as registered, each with its outline; crosses are the mesh's sites; a square that
    tiles cover is green, another yellow.

    Args:
        survey: to be drawn.
        labels: text of each square, in the survey's order.

    Raises:
        NothingToDrawError: no tile is placed.
    """
    mosaic = survey.mosaic
    if not len(mosaic):
        raise NothingToDrawError("expected a placed tile, found none")
    canvas = _Canvas(mosaic)
    full_scale = survey.film.full_scale / 2 if survey.film else _brightest(mosaic)
    for name in mosaic.tiles:
        canvas.paste(name, full_scale)
    for name in mosaic.tiles:
        canvas.outline(_corners_of(mosaic, name), SEAM, 2)
    if survey.extraction.lattice is not None:
        lattice = survey.extraction.lattice
        sites = lattice.position(sites_in_reach(mosaic, lattice))
        for site in sites[mosaic.covers(mosaic.unregistered(sites))]:
            canvas.cross(site)
    for window, label in zip(survey.extraction.windows, labels, strict=True):
        colour = WHOLE if window.complete else PART
        corners = mosaic.registered(_corners(window))
        canvas.outline(corners, colour, 2)
        canvas.write(label, corners.mean(axis=0))
    return canvas.pixels


class _Canvas:
    """Pixels, and where in the registered frame they are."""

    def __init__(self, mosaic: Mosaic) -> None:
        self._mosaic = mosaic
        corners = np.concatenate([_corners_of(mosaic, name) for name in mosaic.tiles])
        low, high = corners.min(axis=0), corners.max(axis=0)
        self._pixel_um = max(FINEST_UM, float((high - low).max()) / LONG_SIDE_PX)
        self._origin = low
        width, height = np.ceil((high - low) / self._pixel_um).astype(int).tolist()
        self.pixels = np.zeros((height, width, 3), np.uint8)
        self._covered = np.zeros((height, width), np.uint8)

    def paste(self, name: str, full_scale: float) -> None:
        """Lay a tile; where two overlap, what lay there first stays."""
        tile, pose = self._mosaic.tiles[name], _pose(self._mosaic, name)
        scale = WORK_PIXEL_UM / self._pixel_um
        cos, sin = np.cos(pose.turn_rad) * scale, np.sin(pose.turn_rad) * scale
        middle = np.array([pose.x_um, pose.y_um]) - self._origin
        half = (np.array(tile.pixels.shape[::-1]) - 1) / 2
        linear = np.array([[cos, -sin], [sin, cos]])
        shift = middle / self._pixel_um - 0.5 - linear @ half
        place = np.column_stack([linear, shift])
        size = self.pixels.shape[1], self.pixels.shape[0]
        coded = encode_grey(tile.pixels, full_scale)
        shown = cv2.warpAffine(coded, place, size, flags=cv2.INTER_AREA)
        inside = cv2.warpAffine(np.full_like(coded, 255), place, size)
        new = (inside == 255) & (self._covered == 0)
        self.pixels[new] = np.asarray(shown, np.uint8)[new][:, None]
        self._covered[new] = 1

    def outline(self, corners_um: NDArray[np.float64], colour: tuple[int, ...], width: int) -> None:
        """Draw a closed line."""
        points = np.rint(self._to_px(corners_um) * 2**_SHIFT).astype(np.int32)
        cv2.polylines(self.pixels, [points], True, colour, width, cv2.LINE_AA, _SHIFT)

    def cross(self, site_um: NDArray[np.float64]) -> None:
        """Mark a site of the mesh."""
        x, y = np.rint(self._to_px(site_um)).astype(int).tolist()
        cv2.drawMarker(self.pixels, (x, y), SITE, cv2.MARKER_CROSS, 12, 1)

    def write(self, text: str, middle_um: NDArray[np.float64]) -> None:
        """Write in the middle of a square, light on a dark rim."""
        font, size = cv2.FONT_HERSHEY_SIMPLEX, 0.5
        (width, height), _ = cv2.getTextSize(text, font, size, 1)
        x, y = np.rint(self._to_px(middle_um)).astype(int).tolist()
        at = x - width // 2, y + height // 2
        cv2.putText(self.pixels, text, at, font, size, (0, 0, 0), 3, cv2.LINE_AA)
        cv2.putText(self.pixels, text, at, font, size, TEXT, 1, cv2.LINE_AA)

    def _to_px(self, points_um: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((points_um - self._origin) / self._pixel_um - 0.5, np.float64)


def _pose(mosaic: Mosaic, name: str) -> Pose:
    tile = mosaic.tiles[name]
    return mosaic.poses.get(name, Pose(tile.x_um, tile.y_um, 0.0))


def _corners_of(mosaic: Mosaic, name: str) -> NDArray[np.float64]:
    """(4, 2) corners of a tile, registered."""
    half_width, half_height = mosaic.tiles[name].half_size_um
    return _box(_pose(mosaic, name), half_width, half_height)


def _corners(window: Window) -> NDArray[np.float64]:
    """(4, 2) corners of a window, in the mosaic."""
    pose = Pose(window.x_um, window.y_um, float(np.radians(window.rotation_deg)))
    return _box(pose, window.width_um / 2, window.height_um / 2)


def _box(pose: Pose, half_width: float, half_height: float) -> NDArray[np.float64]:
    cos, sin = np.cos(pose.turn_rad), np.sin(pose.turn_rad)
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * (half_width, half_height)
    return np.asarray(
        corners @ np.array([[cos, sin], [-sin, cos]]) + (pose.x_um, pose.y_um), np.float64
    )


def _brightest(mosaic: Mosaic) -> float:
    return max(1.0, *(float(tile.pixels[::4, ::4].max()) for tile in mosaic.tiles.values()))
