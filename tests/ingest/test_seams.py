import numpy as np
import pytest

from ingest.mosaic import Mosaic, build_mosaic
from ingest.overlap import Match
from ingest.seams import find_seams, register
from ingest.work_tile import WorkTile
from tests.ingest import scenes

TILE_PX = (1000, 720)
GRID = scenes.lattice(rotation_deg=-20.0, start_um=(4.0, 9.0))


def shown(site: tuple[int, int], moved_um: tuple[float, float] = (0.0, 0.0)) -> WorkTile:
    """A tile at a lattice site that really lies somewhere else."""
    place = scenes.place(*site, TILE_PX)
    squares = [
        scenes.Square(s.x_um - moved_um[0], s.y_um - moved_um[1], s.side_um, s.rotation_deg)
        for s in GRID
    ]
    return WorkTile(scenes.tile_pixels(squares, place, TILE_PX), place.x_um, place.y_um)


def shift_of(match: Match, one: WorkTile, other: WorkTile) -> tuple[float, float]:
    return (
        match.one_um[0] + one.x_um - match.other_um[0] - other.x_um,
        match.one_um[1] + one.y_um - match.other_um[1] - other.y_um,
    )


@pytest.mark.parametrize("moved", [(0.0, 0.0), (12.3, -6.2), (-11.0, 9.0), (3.7, -13.0)])
@pytest.mark.parametrize("site", [(1, 0), (0, 1)])
def test_an_overlap_tells_how_far_a_tile_is_off(
    site: tuple[int, int], moved: tuple[float, float]
) -> None:
    one, other = shown((0, 0)), shown(site, moved)

    matches = register(one, other)

    assert matches
    weights = np.array([match.information[::2] for match in matches])
    shifts = np.array([shift_of(match, one, other) for match in matches])
    assert (weights * shifts).sum(axis=0) / weights.sum(axis=0) == pytest.approx(moved, abs=0.25)


def test_a_lone_straight_edge_tells_nothing_along_itself() -> None:
    edge = [scenes.Square(0.0, 0.0, side_um=2000.0)]  # dark above y = -1000
    sites = [scenes.place(0, 0), scenes.place(1, 0)]
    tiles = [
        WorkTile(scenes.paint(edge, at.x_um - 124.75, -1089.75, (360, 500)), at.x_um, -1000.0)
        for at in sites
    ]

    for match in register(*tiles):
        along, across = match.information[0], match.information[2]
        assert across > 50 * along


def test_dark_overlaps_tell_nothing() -> None:
    dark = [scenes.with_noise(np.full((360, 500), scenes.BAR, np.float32), seed) for seed in (1, 2)]

    assert register(WorkTile(dark[0], 0.0, 0.0), WorkTile(dark[1], 237.5, 0.0)) == ()


def test_overlaps_of_different_places_tell_nothing() -> None:
    other = scenes.lattice(rotation_deg=17.0, start_um=(40.0, 0.0), side_um=30.0)
    place = scenes.place(1, 0, TILE_PX)
    strange = WorkTile(scenes.tile_pixels(other, place, TILE_PX), place.x_um, place.y_um)

    assert register(shown((0, 0)), strange) == ()


def test_each_two_tiles_that_share_a_side_are_registered_once() -> None:
    sites = {
        name: scenes.place(*at) for name, at in {"a": (0, 0), "b": (1, 0), "c": (1, 1)}.items()
    }
    mosaic = build_mosaic(
        {name: scenes.tile_pixels(GRID, place) for name, place in sites.items()}, sites
    )
    known: dict[tuple[str, str], tuple[Match, ...]] = {}

    found = find_seams(mosaic, known)

    assert set(found) == {("a", "b"), ("b", "c")}
    assert known == found
    marked = dict.fromkeys(known, ())
    assert find_seams(Mosaic(mosaic.tiles), marked) == {}  # what is known is not looked at again
