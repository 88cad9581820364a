"""The placed tiles of an atlas: which of them show a place, and how they fit together."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.place import Placed, Pose
from ingest.work_tile import Grey, WorkTile

SEAM_STEP_UM = 0.1
SEAM_STEP_DEG = 0.01
"""Seams are rounded, so that a tile far away does not move squares by a hair."""


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
        self._names = list(self.tiles)
        self._centres = np.array([(t.x_um, t.y_um) for t in self.tiles.values()]).reshape(-1, 2)
        self._halves = np.array([t.half_size_um for t in self.tiles.values()]).reshape(-1, 2)

    def __len__(self) -> int:
        """Count its tiles."""
        return len(self.tiles)

    def showing(self, x_um: float, y_um: float, reach_um: float = 0.0) -> list[str]:
        """Names of the tiles within reach of a position, the one showing it deepest first."""
        depth = (self._halves - np.abs(self._centres - (x_um, y_um))).min(axis=1)
        near = np.nonzero(depth > -reach_um)[0]
        deepest_first = near[np.argsort(-depth[near], kind="stable")]
        return [self._names[number] for number in deepest_first.tolist()]

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
        if owner == other or owner not in self.poses or other not in self.poses:
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
