"""Lay all tiles of an atlas at once: what overlaps tell, with the stage model as prior.

The unknowns are the tiles' places and how the stage moves: a linear map from stage readings to the
specimen, and the pivot by which tiles further up are turned (`ingest.stage`). Matches of neighbours
are weighed by how well they are known and by how well they agree with the rest; where an overlap
tells nothing, two tiles lie as far apart as the stage says.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.overlap import Match
from ingest.place import Placed, Pose, TileOptics
from ingest.records import StageSource
from ingest.stage import PIVOT_UM, StageModel

STAGE_SD_UM = 3.0
"""Difference of two neighbours' stage errors: 16 to 25 tile pixels rms on a real Krios."""

DRIFT_SD_UM = 30.0
"""How far a tile may be from where the stage says, seen from the first."""

SITE_SD_UM = 10.0
"""How far a step to a neighbour is from the lattice's: EPU's seams are off by 3 to 12 um."""

LATTICE_SD = 0.006
SCALE_SD, TURN_SD = 0.03, 0.06
"""How well the stage's linear map is known: from a lattice of tiles, and before there is one."""

PIVOT_SD = {StageSource.EPU_NODES: 0.02, StageSource.STAGE_MODEL: 0.5, StageSource.NOMINAL: 0.5}
"""Share of the pivot's inverse that it may be off until overlaps tell."""

FIRST_SD_UM = 1e-4
MIN_TILES = 4
OUTLIER_UM = 1.0
"""How far off a perfect match loses its say; a vague one is granted its own deviation besides."""

ROUNDS = 8
STAGE_UNKNOWNS = 5
"""The linear map's four numbers, and the turn of a tile per micrometre of stage y."""

Array = NDArray[np.float64]
Seams = Mapping[tuple[str, str], tuple[Match, ...]]


@dataclass(frozen=True)
class Registration:
    """Where the tiles lie, and what they say of the stage's pivot.

    Args:
        poses: of every placed tile.
        turn_per_um: turn of a tile, radians per micrometre of stage y.
        turn_sd: how well that is known.
    """

    poses: dict[str, Pose]
    turn_per_um: float
    turn_sd: float


@dataclass(frozen=True)
class _Rows:
    """Equations of two components each: `columns` times the unknowns named in `index` is `value`.

    Args:
        index: (n, k) int.
        columns: (n, 2, k) float64.
        value: (n, 2) float64.
    """

    index: NDArray[np.int_]
    columns: Array
    value: Array

    def add(self, normal: Array, right: Array, weight: Array) -> None:
        """Add to normal equations, each row with its (2, 2) weight."""
        weighed = np.einsum("nik,nij->nkj", self.columns, weight)
        products = weighed @ self.columns
        np.add.at(normal, (self.index[:, :, None], self.index[:, None, :]), products)
        np.add.at(right, self.index, np.einsum("nkj,nj->nk", weighed, self.value))

    def errors(self, solution: Array) -> Array:
        """(n, 2) what is left."""
        return np.asarray(
            np.einsum("nik,nk->ni", self.columns, solution[self.index]) - self.value, np.float64
        )


@dataclass(frozen=True)
class _Tiles:
    """The tiles in order of acquisition, in the frame of the first.

    Args:
        number: of each tile by name.
        stage_um: (n, 2) readings relative to the first's.
        to_image: (2, 2) from stage axes to the first tile's image axes.
        sense: 1 or -1, of a turn in the image against the stage's.
        first_stage_y_um: the first tile's reading.
    """

    number: dict[str, int]
    stage_um: Array
    to_image: Array
    sense: float
    first_stage_y_um: float

    def __len__(self) -> int:
        """Count the unknowns."""
        return 2 * len(self.number) + STAGE_UNKNOWNS

    def turns(self, per_um: float) -> Array:
        """(n,) turn of each tile in the image."""
        return np.asarray(self.sense * per_um * self.stage_um[:, 1], np.float64)


def register_tiles(
    optics: Mapping[str, TileOptics],
    placed: Mapping[str, Placed],
    seams: Seams,
    stage: StageModel,
) -> Registration:
    """Place every tile where its neighbours and the stage together say.

    Args:
        optics: of all tiles.
        placed: their lattice sites; the first tile stays at its site, unturned.
        seams: what neighbours show of the same places.
        stage: model of the stage, as far as it is known.
    """
    names = sorted(placed, key=lambda name: (optics[name].index, name))
    if not names:
        return Registration({}, 0.0, np.inf)
    tiles = _tiles(optics, names)
    normal, right = _priors(tiles, placed, stage)
    solution = _solution(normal, right)
    turn_sd = np.inf
    number = tiles.number
    pairs = [(number[a], number[b], match) for (a, b), all_ in seams.items() for match in all_]
    if pairs:
        solution, turn_sd = _solve(tiles, pairs, (normal, right), solution)
    first = placed[names[0]]
    places = solution[:-STAGE_UNKNOWNS].reshape(-1, 2) + np.array([first.x_um, first.y_um])
    turns = tiles.turns(float(solution[-1])).tolist()
    poses = {
        name: Pose(x, y, turn)
        for name, (x, y), turn in zip(names, places.tolist(), turns, strict=True)
    }
    return Registration(poses, float(solution[-1]), turn_sd)


def _tiles(optics: Mapping[str, TileOptics], names: list[str]) -> _Tiles:
    first = optics[names[0]]
    to_image = np.asarray(-np.linalg.inv(first.matrix_um / first.pixel_um), np.float64)
    stage = np.array([np.subtract(optics[name].stage_um, first.stage_um) for name in names])
    sense = -1.0 if np.linalg.det(to_image) > 0 else 1.0
    number = {name: i for i, name in enumerate(names)}
    return _Tiles(number, stage, to_image, sense, first.stage_um[1])


def _priors(tiles: _Tiles, placed: Mapping[str, Placed], stage: StageModel) -> tuple[Array, Array]:
    """Normal equations of the first tile's place, the stage model, and the stage's readings."""
    size = len(tiles)
    normal, right = np.zeros((size, size)), np.zeros(size)
    normal[[0, 1], [0, 1]] += 1 / FIRST_SD_UM**2
    turn = stage.scale_x / (stage.pivot_um or PIVOT_UM)
    linear, linear_sd = _linear_map(tiles, placed, stage)
    expected = np.array([*linear.ravel(), turn])
    sd = np.array([*linear_sd.ravel(), abs(turn) * PIVOT_SD[stage.source]])
    own = np.arange(size - STAGE_UNKNOWNS, size)
    normal[own, own] += 1 / sd**2
    right[own] += expected / sd**2
    steps = _steps(placed, tiles.number)
    drifts = [(0, i) for i in range(1, len(tiles.number))]
    for found, limit in ((steps, STAGE_SD_UM), (drifts, DRIFT_SD_UM)):
        if found:
            _by_stage(tiles, np.array(found)).add(normal, right, _equal_weight(len(found), limit))
    if steps:
        pairs = np.array(steps)
        index, columns = _step(pairs)
        sites = _sites_um(placed, tiles)
        rows = _Rows(index, columns, sites[pairs[:, 1]] - sites[pairs[:, 0]])
        rows.add(normal, right, _equal_weight(len(pairs), SITE_SD_UM))
    return normal, right


def _equal_weight(count: int, sd_um: float) -> Array:
    return np.broadcast_to(np.eye(2) / sd_um**2, (count, 2, 2))


def _linear_map(
    tiles: _Tiles, placed: Mapping[str, Placed], stage: StageModel
) -> tuple[Array, Array]:
    """From stage to specimen (2, 2) as the lattice of tiles has it, and how well that is known."""
    if len(tiles.number) >= MIN_TILES and np.linalg.matrix_rank(tiles.stage_um, tol=50.0) == 2:
        specimen = np.linalg.solve(tiles.to_image, _sites_um(placed, tiles).T).T
        linear = np.linalg.lstsq(tiles.stage_um, specimen, rcond=None)[0].T
        return np.asarray(linear, np.float64), np.full((2, 2), LATTICE_SD)
    expected = np.array([[1 / stage.scale_x, 0.0], [0.0, 1.0]])
    return expected, np.array([[SCALE_SD, TURN_SD], [TURN_SD, SCALE_SD]])


def _sites_um(placed: Mapping[str, Placed], tiles: _Tiles) -> Array:
    """(n, 2) lattice sites from the first tile's."""
    sites = np.array([(placed[name].x_um, placed[name].y_um) for name in tiles.number])
    return np.asarray(sites - sites[0], np.float64)


def _steps(placed: Mapping[str, Placed], number: Mapping[str, int]) -> list[tuple[int, int]]:
    """Pairs one step apart on the lattice."""
    sites = {(placed[name].column, placed[name].row): i for name, i in number.items()}
    return [
        (i, sites[column + right, row + down])
        for (column, row), i in sites.items()
        for right, down in ((1, 0), (0, 1))
        if (column + right, row + down) in sites
    ]


def _by_stage(tiles: _Tiles, pairs: NDArray[np.int_]) -> _Rows:
    """The step between two tiles less what the stage says of it, which must be nothing."""
    a, b = tiles.stage_um[pairs[:, 0]], tiles.stage_um[pairs[:, 1]]
    x, y = (b - a).T
    none = np.zeros_like(x)
    # By the pivot, seen from the first tile as if it were not turned.
    across, down = (b[:, 1] ** 2 - a[:, 1] ** 2) / 2, tiles.first_stage_y_um * x
    moves = np.array([[x, y, none, none, across], [none, none, x, y, down]])
    columns = -np.einsum("ij,jkn->nik", tiles.to_image, moves)
    own = np.arange(len(tiles) - STAGE_UNKNOWNS, len(tiles))
    index, step = _step(pairs)
    return _Rows(
        np.hstack([index, np.broadcast_to(own, (len(pairs), STAGE_UNKNOWNS))]),
        np.concatenate([step, columns], axis=2),
        np.zeros((len(pairs), 2)),
    )


def _step(pairs: NDArray[np.int_]) -> tuple[NDArray[np.int_], Array]:
    """Index (n, 4) and columns (n, 2, 4) of the place of the second tile less the first's."""
    one, other = 2 * pairs[:, 0], 2 * pairs[:, 1]
    columns = np.hstack([np.eye(2), -np.eye(2)])
    index = np.stack([other, other + 1, one, one + 1], axis=1)
    return index, np.broadcast_to(columns, (len(pairs), 2, 4))


def _solve(
    tiles: _Tiles,
    found: list[tuple[int, int, Match]],
    priors: tuple[Array, Array],
    solution: Array,
) -> tuple[Array, float]:
    """Least squares, weighed again until what does not agree has no say; the turn's deviation."""
    pairs = np.array([(a, b) for a, b, _ in found])
    here = np.array([match.one_um for *_, match in found])
    there = np.array([match.other_um for *_, match in found])
    xx, xy, yy = np.array([match.information for *_, match in found]).T
    information = np.stack([np.stack([xx, xy], 1), np.stack([xy, yy], 1)], axis=1)
    limit = OUTLIER_UM**2 + np.trace(np.linalg.inv(information), axis1=1, axis2=2)
    weight = np.ones(len(found))
    normal = priors[0]
    for _ in range(ROUNDS):
        rows = _by_matches(tiles, pairs, (here, there), float(solution[-1]))
        normal, right = priors[0].copy(), priors[1].copy()
        rows.add(normal, right, information * weight[:, None, None])
        solution = _solution(normal, right)
        off = (rows.errors(solution) ** 2).sum(axis=1)
        weight = 1 / (1 + off / limit) ** 2
    last = np.zeros(len(tiles))
    last[-1] = 1.0
    return solution, float(np.sqrt(np.linalg.solve(normal, last)[-1]))


def _solution(normal: Array, right: Array) -> Array:
    return np.asarray(np.linalg.solve(normal, right), np.float64)


def _by_matches(
    tiles: _Tiles, pairs: NDArray[np.int_], places: tuple[Array, Array], turn: float
) -> _Rows:
    """The step between two tiles as each match has it, linear about a turn."""
    turns = tiles.turns(turn)
    value = np.zeros((len(pairs), 2))
    slope = np.zeros((len(pairs), 2))
    for side, sign in ((0, 1.0), (1, -1.0)):
        number = pairs[:, side]
        value += sign * _turned(places[side], turns[number])
        per_turn = tiles.sense * tiles.stage_um[number, 1]
        slope += sign * per_turn[:, None] * _turned(places[side], turns[number] + np.pi / 2)
    index, step = _step(pairs)
    last = np.full((len(pairs), 1), len(tiles) - 1)
    return _Rows(
        np.hstack([index, last]),
        np.concatenate([step, -slope[:, :, None]], axis=2),
        value - slope * turn,
    )


def _turned(vectors: Array, turns: Array) -> Array:
    cos, sin = np.cos(turns), np.sin(turns)
    x, y = vectors.T
    return np.stack([cos * x - sin * y, sin * x + cos * y], axis=1)
