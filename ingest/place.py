"""Place tiles: integer lattice from stage readings, atlas frame nominal or from Atlas.dm.

Positions are micrometres in the mosaic frame: x right, y down, origin at the centre of the first
tile, scaled by the tile's own pixel size. The stage's axes are mirrored, turned and scaled against
it: they enter only through the tile's image-to-stage matrix (EPU 3.4, `ReferenceTransformation`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STEP_SHARE = 0.95
"""Tile step over tile size: EPU lays atlas tiles with 5 % overlap in both axes."""

NOMINAL_ATLAS_PIXEL_UM = 0.5
"""Scale of the atlas frame until EPU's own stitched atlas is known."""

MAX_LATTICE_STEPS = 40
"""Tiles from the first one in any direction; further away is not on this grid."""

GRID_UM = 3050.0
"""Diameter of a grid: no two of its tiles are further apart, but for what hangs over its rim."""


class MisplacedTileError(ValueError):
    """A tile that cannot belong to its atlas' lattice."""


@dataclass(frozen=True)
class TileOptics:
    """What placing needs of a tile.

    Args:
        index: 0-based order of acquisition.
        stage_um: stage x, y in micrometres.
        matrix_um: (2, 2) float64, image to stage, micrometres per tile pixel (binning included).
        pixel_um: side of a tile pixel.
        width_px: tile width.
        height_px: tile height.
    """

    index: int
    stage_um: tuple[float, float]
    matrix_um: NDArray[np.float64]
    pixel_um: float
    width_px: int
    height_px: int

    @property
    def size_um(self) -> tuple[float, float]:
        """Width and height, micrometres."""
        return self.width_px * self.pixel_um, self.height_px * self.pixel_um


@dataclass(frozen=True)
class Placed:
    """Lattice site and centre of a tile in the mosaic frame, micrometres."""

    column: int
    row: int
    x_um: float
    y_um: float


@dataclass(frozen=True)
class Pose:
    """Where a tile lies once registered: its centre in the first tile's frame, and its turn."""

    x_um: float
    y_um: float
    turn_rad: float


@dataclass(frozen=True)
class Frame:
    """Atlas pixels from mosaic micrometres: `px = um / pixel_um + origin_px`."""

    pixel_um: float
    origin_x_px: float
    origin_y_px: float

    def to_px(self, x_um: float, y_um: float) -> tuple[float, float]:
        """Atlas pixel of a mosaic position."""
        return x_um / self.pixel_um + self.origin_x_px, y_um / self.pixel_um + self.origin_y_px

    def to_um(self, x_px: float, y_px: float) -> tuple[float, float]:
        """Mosaic position of an atlas pixel."""
        return (x_px - self.origin_x_px) * self.pixel_um, (y_px - self.origin_y_px) * self.pixel_um


def nominal_frame(first: TileOptics) -> Frame:
    """Frame before EPU's atlas is known: the first tile's upper left corner is pixel 0, 0."""
    width_um, height_um = first.size_um
    pixel_um = NOMINAL_ATLAS_PIXEL_UM
    return Frame(pixel_um, width_um / 2 / pixel_um - 0.5, height_um / 2 / pixel_um - 0.5)


def place_tiles(tiles: Mapping[str, TileOptics]) -> tuple[dict[str, Placed], dict[str, str]]:
    """Place each tile on the integer lattice of its atlas.

    Site 0, 0 is the tile with the lowest index that at least half of the tiles agree with: one
    damaged first tile does not refuse all others.

    Returns:
        Placed tiles, and a reason for each tile that was refused.
    """
    if not tiles:
        return {}, {}
    in_order = sorted(tiles.items(), key=lambda item: (item[1].index, item[0]))
    anchor = _anchor([tile for _, tile in in_order])
    placed: dict[str, Placed] = {}
    refused: dict[str, str] = {}
    sites: dict[tuple[int, int], str] = {}
    for name, tile in in_order:
        try:
            position = _place(tile, anchor)
        except MisplacedTileError as error:
            refused[name] = str(error)
            continue
        taken = sites.setdefault((position.column, position.row), name)
        if taken != name:
            refused[name] = (
                f"same place in the atlas as {taken}: expected one tile per stage position"
            )
            continue
        placed[name] = position
    return placed, refused


def lattice_step(tile: TileOptics, other: TileOptics) -> NDArray[np.float64]:
    """Image-space displacement (2,) of `other` from `tile` in tile pixels, by `tile`'s matrix."""
    stage = np.subtract(other.stage_um, tile.stage_um)
    return np.asarray(-np.linalg.solve(tile.matrix_um, stage), np.float64)


def atlas_dm_frame(
    placed: Mapping[str, Placed],
    rects_px: Mapping[str, tuple[float, float, float, float]],
    tile: TileOptics,
) -> Frame | None:
    """Frame in which the tiles lie where Atlas.dm has them; None when no tile is common.

    Args:
        placed: tiles by name.
        rects_px: left, top, width, height of tiles in EPU's stitched atlas, by name.
        tile: any tile of the atlas, for its size.
    """
    common = [name for name in placed if name in rects_px]
    if not common:
        return None
    pixel_um = tile.size_um[0] / float(np.median([rects_px[name][2] for name in common]))
    if len(common) > 1:
        pixel_um = _fit_scale(placed, rects_px, common) or pixel_um
    origin = [
        (
            rects_px[name][0] + rects_px[name][2] / 2 - 0.5 - placed[name].x_um / pixel_um,
            rects_px[name][1] + rects_px[name][3] / 2 - 0.5 - placed[name].y_um / pixel_um,
        )
        for name in common
    ]
    x_px, y_px = np.median(np.asarray(origin), axis=0)
    return Frame(pixel_um, float(x_px), float(y_px))


def _fit_scale(
    placed: Mapping[str, Placed],
    rects_px: Mapping[str, tuple[float, float, float, float]],
    names: list[str],
) -> float | None:
    um = np.array([(placed[name].x_um, placed[name].y_um) for name in names])
    px = np.array([rects_px[name][:2] for name in names], dtype=float)
    um -= um.mean(axis=0)
    px -= px.mean(axis=0)
    return float((um * um).sum() / (um * px).sum()) if np.any(um) else None


def _anchor(in_order: list[TileOptics]) -> TileOptics:
    for tile in in_order:
        if 2 * sum(_agree(other, tile) for other in in_order) >= len(in_order):
            return tile
    return in_order[0]


def _agree(tile: TileOptics, anchor: TileOptics) -> bool:
    try:
        _place(tile, anchor)
    except MisplacedTileError:
        return False
    return True


def _place(tile: TileOptics, anchor: TileOptics) -> Placed:
    if (tile.width_px, tile.height_px) != (anchor.width_px, anchor.height_px):
        raise MisplacedTileError(
            f"tile size: expected {anchor.width_px} x {anchor.height_px} px "
            f"as most of the atlas, found {tile.width_px} x {tile.height_px}"
        )
    if abs(tile.pixel_um / anchor.pixel_um - 1) > 0.02:
        raise MisplacedTileError(
            f"pixel size: expected {anchor.pixel_um * 1e3:.1f} nm as most of the atlas, "
            f"found {tile.pixel_um * 1e3:.1f} nm"
        )
    step = lattice_step(anchor, tile)
    if not np.isfinite(step).all():
        raise MisplacedTileError(f"stage position: expected numbers, found {tile.stage_um} um")
    pitch_px = STEP_SHARE * np.array([tile.width_px, tile.height_px])
    column, row = (int(n) for n in np.rint(step / pitch_px))
    if max(abs(column), abs(row)) > MAX_LATTICE_STEPS:
        raise MisplacedTileError(
            f"stage position ({tile.stage_um[0]:.1f}, {tile.stage_um[1]:.1f}) um is "
            f"{column}, {row} tiles from the first: expected at most {MAX_LATTICE_STEPS}"
        )
    away, most = float(np.linalg.norm(tile.matrix_um @ step)), GRID_UM + max(anchor.size_um)
    if away > most:
        raise MisplacedTileError(
            f"stage position ({tile.stage_um[0]:.1f}, {tile.stage_um[1]:.1f}) um is {away:.0f} um "
            f"from the first tile's: expected at most {most:.0f} um, a grid and a tile"
        )
    return Placed(
        column,
        row,
        column * STEP_SHARE * anchor.size_um[0],
        row * STEP_SHARE * anchor.size_um[1],
    )
