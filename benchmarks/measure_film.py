"""Film level of simulated grids with squares empty, drowned or dark, against the grids whole."""

from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks.figure import Figure
from benchmarks.film_truth import KINDS, Damage, MadeGrid, make_grid
from ingest.film import estimate_film

FIRST_SEED = 500
ALL_TILES = 9
NEAR_VACUUM = 0.97
"""Film level over vacuum from which on vacuum was taken for film."""

FAR = 0.1

DAMAGES = {
    "30 % of squares empty": Damage(0.3),
    "60 % empty": Damage(0.6),
    "85 % empty": Damage(0.85),
    "half the grid drowned": Damage(drowned=0.5),
    "half drowned, 60 % of the rest empty": Damage(0.6, drowned=0.5),
    "a dark tile": Damage(dark=True),
    "a dark tile, 60 % empty": Damage(0.6, dark=True),
}
EARLY = {"nothing": Damage(), "60 % empty": Damage(0.6), "85 % empty": Damage(0.85)}


def measure() -> Iterator[Figure]:
    """Measure on a grid of each kind."""
    grids = [make_grid(kind, seed) for seed, kind in enumerate(KINDS, start=FIRST_SEED)]
    whole = [_level(grid, Damage(), ALL_TILES) for grid in grids]
    off = [abs(level / grid.film - 1) for level, grid in zip(whole, grids, strict=True)]
    yield Figure(f"film level against truth, {len(grids)} grids, median", _percent(off), "%")
    for what, damage in DAMAGES.items():
        yield from _compare(what, damage, ALL_TILES, grids, whole)
    for tiles in (3, 1):
        for what, damage in EARLY.items():
            yield from _compare(f"{what}, {tiles} of 9 tiles", damage, tiles, grids, whole)


def _compare(
    what: str, damage: Damage, tiles: int, grids: Sequence[MadeGrid], whole: Sequence[float]
) -> Iterator[Figure]:
    """How far damage moves the level, on grids of which any film is shown."""
    moved, vacuum = [], 0
    for grid, before in zip(grids, whole, strict=True):
        if not grid.shows_film(damage, tiles):
            continue
        level = _level(grid, damage, tiles)
        moved.append(abs(level / before - 1))
        vacuum += level > NEAR_VACUUM * grid.vacuum > before
    yield Figure(f"film level moved by: {what}, median", _percent(moved), "%")
    far = sum(error > FAR for error in moved)
    yield Figure(f"of {len(moved)} grids moved by over 10 %, by: {what}", far, "")
    yield Figure(f"of these, vacuum taken for film, by: {what}", vacuum, "")


def _level(grid: MadeGrid, damage: Damage, tiles: int) -> float:
    film = estimate_film(grid.seen(damage, tiles))
    return film.film if film is not None else float("nan")


def _percent(errors: Sequence[float]) -> float:
    return 100 * float(np.nanmedian(errors))
