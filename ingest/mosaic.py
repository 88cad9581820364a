"""The atlas in memory: tiles at half a micrometre per pixel, patches cut across their borders."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.place import Placed, Pose, TileOptics

WORK_PIXEL_UM = 0.5
"""Pixel of the in-memory tiles."""

Grey = NDArray[np.float32] | NDArray[np.uint16]
"""A tile's grey values: whole numbers where the camera's are, in half the memory."""

SEAM_STEP_UM = 0.1
SEAM_STEP_DEG = 0.01
"""Seams are rounded, so that a tile far away does not move squares by a hair."""


@dataclass(frozen=True)
class WorkTile:
    """A placed tile reduced for detection.

    Args:
        pixels: (h, w) grey values, one pixel per `WORK_PIXEL_UM`.
        x_um: centre in the mosaic frame.
        y_um: centre in the mosaic frame.
    """

    pixels: Grey
    x_um: float
    y_um: float

    @property
    def left_um(self) -> float:
        """Position of the centre of column 0."""
        return self.x_um - float(self.pixels.shape[1] - 1) / 2 * WORK_PIXEL_UM

    @property
    def top_um(self) -> float:
        """Position of the centre of row 0."""
        return self.y_um - float(self.pixels.shape[0] - 1) / 2 * WORK_PIXEL_UM

    @property
    def half_size_um(self) -> tuple[float, float]:
        """Half width and half height."""
        height, width = self.pixels.shape
        return width / 2 * WORK_PIXEL_UM, height / 2 * WORK_PIXEL_UM

    def holds(self, x_um: float, y_um: float, radius_um: float) -> bool:
        """Whether the tile covers all of a disc."""
        half_width, half_height = self.half_size_um
        inside = min(half_width - abs(x_um - self.x_um), half_height - abs(y_um - self.y_um))
        return inside > radius_um


@dataclass(frozen=True)
class Patch:
    """An upright cut-out: (n, n) float32 grey values, and which pixels a tile covers."""

    pixels: NDArray[np.float32]
    covered: NDArray[np.bool_]


@dataclass(frozen=True)
class Overview:
    """The whole mosaic at a coarse scale, for finding the mesh and candidates.

    Args:
        pixels: (h, w) float32 grey values.
        covered: (h, w) bool.
        pixel_um: scale.
        left_um: mosaic position of column 0.
        top_um: mosaic position of row 0.
    """

    pixels: NDArray[np.float32]
    covered: NDArray[np.bool_]
    pixel_um: float
    left_um: float
    top_um: float


def reduce_tile(pixels: NDArray[np.generic], optics: TileOptics) -> Grey:
    """Scale a tile's (h, w) grey values to `WORK_PIXEL_UM`, averaging areas."""
    width_um, height_um = optics.size_um
    size = (max(1, round(width_um / WORK_PIXEL_UM)), max(1, round(height_um / WORK_PIXEL_UM)))
    shrinks = size[0] <= pixels.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    if pixels.dtype in {np.dtype(np.uint16), np.dtype(np.uint8)}:
        whole = np.asarray(pixels, pixels.dtype)
        return np.asarray(cv2.resize(whole, size, interpolation=how), np.uint16)
    source = np.nan_to_num(pixels.astype(np.float32), posinf=0, neginf=0)
    small = np.asarray(cv2.resize(source, size, interpolation=how), np.float32)
    return np.maximum(small, np.float32(0))


@dataclass(frozen=True)
class Seam:
    """How a neighbour shows what a tile shows: turned about a point between both, then moved."""

    x_um: float = 0.0
    y_um: float = 0.0
    dx_um: float = 0.0
    dy_um: float = 0.0
    turn_deg: float = 0.0

    def shown_at(self, x_um: float, y_um: float) -> tuple[float, float]:
        """Where the neighbour, at its site, shows what the tile shows at a position."""
        turn = math.radians(self.turn_deg)
        x, y = x_um - self.x_um, y_um - self.y_um
        return (
            self.x_um + self.dx_um + math.cos(turn) * x - math.sin(turn) * y,
            self.y_um + self.dy_um + math.sin(turn) * x + math.cos(turn) * y,
        )


class Mosaic:
    """The placed tiles of an atlas.

    Neighbouring tiles overlap, and EPU's lattice is off by up to 12 um at a seam: `poses` say where
    tiles really lie, and patches across a seam are put together by them. Positions stay those of
    the tile that owns them, at its lattice site.
    """

    def __init__(
        self, tiles: Mapping[str, WorkTile], poses: Mapping[str, Pose] | None = None
    ) -> None:
        self.tiles = dict(tiles)
        self.poses = dict(poses or {})
        self._seams: dict[tuple[str, str], Seam] = {}
        self._half_sizes = {name: tile.half_size_um for name, tile in self.tiles.items()}
        self._centres = np.array([(t.x_um, t.y_um) for t in self.tiles.values()]).reshape(-1, 2)
        self._halves = np.array(list(self._half_sizes.values())).reshape(-1, 2)

    def __len__(self) -> int:
        """Count its tiles."""
        return len(self.tiles)

    def showing(self, x_um: float, y_um: float, reach_um: float = 0.0) -> list[str]:
        """Names of the tiles within reach of a position, the one showing it deepest first."""
        found = []
        for name, tile in self.tiles.items():
            half_width, half_height = self._half_sizes[name]
            depth = min(half_width - abs(x_um - tile.x_um), half_height - abs(y_um - tile.y_um))
            if depth > -reach_um:
                found.append((depth, name))
        found.sort(key=lambda item: -item[0])
        return [name for _, name in found]

    def covers(self, points_um: NDArray[np.float64], beyond_um: float = 0.0) -> NDArray[np.bool_]:
        """(n,) bool: which of (n, 2) positions a tile shows, or would if it were so much larger."""
        shown = np.zeros(len(points_um), bool)
        # Tile by tile: all at once would take gigabytes for an atlas of hundreds.
        for centre, half in zip(self._centres, self._halves, strict=True):
            shown |= (np.abs(points_um - centre) < half + beyond_um).all(axis=1)
        return shown

    def seam(self, owner: str, other: str) -> Seam:
        """How `other` shows what `owner` shows; nothing moves where poses are not known."""
        if (owner, other) not in self._seams:
            self._seams[owner, other] = self._find_seam(owner, other)
        return self._seams[owner, other]

    def registered(self, points_um: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, 2) positions in the frame in which tiles fit, of positions of the mosaic."""
        return self._moved(points_um, self._owners(points_um, self._centres), back=False)

    def unregistered(self, points_um: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, 2) positions of the mosaic, of positions in the frame in which tiles fit."""
        centres = np.array(
            [
                (self.poses[name].x_um, self.poses[name].y_um) if name in self.poses else site
                for name, site in zip(self.tiles, self._centres.tolist(), strict=True)
            ]
        )
        return self._moved(points_um, self._owners(points_um, centres), back=True)

    def _owners(
        self, points_um: NDArray[np.float64], centres_um: NDArray[np.float64]
    ) -> NDArray[np.int_]:
        """(n,) number of the tile that shows each position deepest."""
        owners = np.zeros(len(points_um), np.int_)
        deepest = np.full(len(points_um), -np.inf)
        for number, (centre, half) in enumerate(zip(centres_um, self._halves, strict=True)):
            depth = (half - np.abs(points_um - centre)).min(axis=1)
            nearer = depth > deepest
            owners[nearer], deepest[nearer] = number, depth[nearer]
        return owners

    def _moved(
        self, points_um: NDArray[np.float64], owners: NDArray[np.int_], *, back: bool
    ) -> NDArray[np.float64]:
        moved = np.array(points_um, np.float64)
        for number, (name, tile) in enumerate(self.tiles.items()):
            pose = self.poses.get(name)
            own = owners == number
            if pose is None or not own.any():
                continue
            sites = np.array([(tile.x_um, tile.y_um), (pose.x_um, pose.y_um)])
            start, end = sites[::-1] if back else sites
            turn = -pose.turn_rad if back else pose.turn_rad
            rotation = np.array(
                [[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]]
            )
            moved[own] = (points_um[own] - start) @ rotation.T + end
        return moved

    def _find_seam(self, owner: str, other: str) -> Seam:
        if owner not in self.poses or other not in self.poses:
            return Seam()
        here, there = self.tiles[owner], self.tiles[other]
        mine, its = self.poses[owner], self.poses[other]
        x, y = (here.x_um + there.x_um) / 2, (here.y_um + there.y_um) / 2
        turn = _rounded(math.degrees(mine.turn_rad - its.turn_rad), SEAM_STEP_DEG)
        world = _turn(x - here.x_um, y - here.y_um, mine.turn_rad)
        local = _turn(
            world[0] + mine.x_um - its.x_um, world[1] + mine.y_um - its.y_um, -its.turn_rad
        )
        dx, dy = local[0] + there.x_um - x, local[1] + there.y_um - y
        return Seam(x, y, _rounded(dx, SEAM_STEP_UM), _rounded(dy, SEAM_STEP_UM), turn)


def _turn(x: float, y: float, angle_rad: float) -> tuple[float, float]:
    cos, sin = math.cos(angle_rad), math.sin(angle_rad)
    return cos * x - sin * y, sin * x + cos * y


def _rounded(value: float, step: float) -> float:
    return round(round(value / step) * step, 6)


def build_mosaic(reduced: Mapping[str, Grey], placed: Mapping[str, Placed]) -> Mosaic:
    """Mosaic of the tiles that have both pixels and a place, in order of their lattice sites."""
    names = sorted(placed, key=lambda name: (placed[name].row, placed[name].column))
    return Mosaic(
        {
            name: WorkTile(reduced[name], placed[name].x_um, placed[name].y_um)
            for name in names
            if name in reduced
        }
    )


def build_overview(mosaic: Mosaic, pixel_um: float) -> Overview:
    """Assemble all tiles; where two overlap, the one whose centre is nearer shows."""
    tiles = list(mosaic.tiles.values())
    # Edges on whole pixels of the mosaic frame: what is there stays so when tiles are added.
    left = math.floor(min(tile.x_um - tile.half_size_um[0] for tile in tiles) / pixel_um)
    top = math.floor(min(tile.y_um - tile.half_size_um[1] for tile in tiles) / pixel_um)
    right = math.ceil(max(tile.x_um + tile.half_size_um[0] for tile in tiles) / pixel_um)
    bottom = math.ceil(max(tile.y_um + tile.half_size_um[1] for tile in tiles) / pixel_um)
    shape = (bottom - top, right - left)
    pixels = np.zeros(shape, np.float32)
    depth = np.zeros(shape, np.uint16)
    for tile in tiles:
        _paste(tile, pixels, depth, (left * pixel_um, top * pixel_um, pixel_um))
    return Overview(pixels, depth > 0, pixel_um, (left + 0.5) * pixel_um, (top + 0.5) * pixel_um)


def cut_patch(
    mosaic: Mosaic, centre_um: tuple[float, float], side_um: float, rotation_deg: float
) -> Patch:
    """Cut an upright square patch at `WORK_PIXEL_UM`; the tile showing its centre best on top."""
    size = round(side_um / WORK_PIXEL_UM)
    reach_um = size * WORK_PIXEL_UM * 0.7072
    names = mosaic.showing(*centre_um, reach_um)
    if names and mosaic.tiles[names[0]].holds(*centre_um, reach_um):
        turn = patch_transform(mosaic.tiles[names[0]], centre_um, rotation_deg, size)
        pixels = warp(mosaic.tiles[names[0]].pixels, turn, size)
        return Patch(pixels, np.ones((size, size), bool))
    return _assemble_patch(mosaic, names, centre_um, rotation_deg, size)


def _assemble_patch(
    mosaic: Mosaic,
    names: list[str],
    centre_um: tuple[float, float],
    rotation_deg: float,
    size: int,
) -> Patch:
    pixels = np.zeros((size, size), np.float32)
    covered = np.zeros((size, size), bool)
    for name in names:
        seam = Seam() if name == names[0] else mosaic.seam(names[0], name)
        tile = mosaic.tiles[name]
        seen = seam.shown_at(*centre_um)
        turn = patch_transform(tile, seen, rotation_deg + seam.turn_deg, size)
        inside = inside_image(turn, size, tile.pixels.shape)
        new = inside & ~covered
        pixels[new] = warp(tile.pixels, turn, size)[new]
        covered |= inside
        if covered.all():
            break
    return Patch(pixels, covered)


def patch_transform(
    tile: WorkTile, centre_um: tuple[float, float], rotation_deg: float, size: int
) -> NDArray[np.float64]:
    """(2, 3) affine from patch pixels to the tile's work pixels."""
    cos, sin = math.cos(math.radians(rotation_deg)), math.sin(math.radians(rotation_deg))
    half = (size - 1) / 2
    x = (centre_um[0] - tile.left_um) / WORK_PIXEL_UM - (cos - sin) * half
    y = (centre_um[1] - tile.top_um) / WORK_PIXEL_UM - (sin + cos) * half
    return np.array([[cos, -sin, x], [sin, cos, y]])


def warp(image: Grey, patch_to_image: NDArray[np.float64], size: int) -> NDArray[np.float32]:
    """Resample (size, size) float32 pixels of an image; 0 where it does not reach."""
    last = size - 1
    corners = patch_to_image @ np.array([[0, last, 0, last], [0, 0, last, last], [1, 1, 1, 1]])
    limit = np.array(image.shape[::-1]) - 1
    left, top = np.clip(np.floor(corners.min(axis=1)).astype(int) - 2, 0, limit).tolist()
    right, bottom = np.clip(np.ceil(corners.max(axis=1)).astype(int) + 3, 1, limit + 1).tolist()
    part = image[top : max(bottom, top + 1), left : max(right, left + 1)].astype(np.float32)
    to_part = patch_to_image - np.array([[0, 0, left], [0, 0, top]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(part, to_part, (size, size), flags=flags), np.float32)


def inside_image(
    patch_to_image: NDArray[np.float64], size: int, shape: tuple[int, ...]
) -> NDArray[np.bool_]:
    """(size, size) bool: patch pixels whose source lies inside an image of `shape`."""
    grid = np.arange(size, dtype=np.float32)
    (a, b, x0), (c, d, y0) = patch_to_image.astype(np.float32)
    x = a * grid[None, :] + b * grid[:, None] + x0
    y = c * grid[None, :] + d * grid[:, None] + y0
    inside: NDArray[np.bool_] = (x >= 0) & (x <= shape[1] - 1) & (y >= 0) & (y <= shape[0] - 1)
    return inside


def _paste(
    tile: WorkTile,
    pixels: NDArray[np.float32],
    depth: NDArray[np.uint16],
    frame: tuple[float, float, float],
) -> None:
    left, top, pixel_um = frame
    half_width, half_height = tile.half_size_um
    # Halves always up: round() would send them to even pixels, which move with the frame.
    x0 = math.floor((tile.x_um - half_width - left) / pixel_um + 0.5)
    y0 = math.floor((tile.y_um - half_height - top) / pixel_um + 0.5)
    width, height = round(2 * half_width / pixel_um), round(2 * half_height / pixel_um)
    grey = tile.pixels.astype(np.float32)
    small = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA)
    rows, columns = _clip(y0, height, pixels.shape[0]), _clip(x0, width, pixels.shape[1])
    small = small[rows.start - y0 : rows.stop - y0, columns.start - x0 : columns.stop - x0]
    here = _depth(height, width)[
        rows.start - y0 : rows.stop - y0, columns.start - x0 : columns.stop - x0
    ]
    nearer = here > depth[rows, columns]
    pixels[rows, columns][nearer] = small[nearer]
    depth[rows, columns][nearer] = here[nearer]


def _clip(start: int, length: int, limit: int) -> slice:
    return slice(max(0, start), min(limit, start + length))


def _depth(height: int, width: int) -> NDArray[np.uint16]:
    y = np.minimum(np.arange(height), np.arange(height)[::-1])[:, None] + 1
    x = np.minimum(np.arange(width), np.arange(width)[::-1])[None, :] + 1
    return np.asarray(np.minimum(x, y), np.uint16)
