from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ingest.place import (
    Frame,
    Placed,
    TileOptics,
    atlas_dm_frame,
    nominal_frame,
    place_tiles,
)

KRIOS_UM = np.array([[69.661097546716, -4.295524596407], [-4.295524596407, -69.661097546716]])
KRIOS_UM = KRIOS_UM * 2e-3
TALOS_UM = np.array([[-51.7, 512.6], [512.6, 51.7]]) * 1e-3
CAMERA = (2880, 2046)


def tile(
    index: int,
    stage_um: tuple[float, float],
    matrix_um: NDArray[np.float64] = KRIOS_UM,
    size: tuple[int, int] = CAMERA,
) -> TileOptics:
    return TileOptics(index, stage_um, matrix_um, float(np.hypot(*matrix_um[0])), *size)


def stage_of(
    site: tuple[int, int], matrix_um: NDArray[np.float64], scale_x: float = 1.0
) -> tuple[float, float]:
    """Where a stage with that X scale stands for a lattice site, the first tile at 100, -50 um."""
    pixels = np.array(site) * 0.95 * np.array(CAMERA)
    x, y = -matrix_um @ pixels
    return 100 + scale_x * float(x), -50 + float(y)


def test_readings_of_a_real_krios_give_the_sites_that_its_atlas_has() -> None:
    readings = {
        0: (0.001, 0.015),
        1: (16.186, 270.829),
        2: (-353.285, 294.230),
        29: (-690.388, 859.234),
        34: (690.389, -859.207),
    }

    placed, refused = place_tiles({str(i): tile(i, stage) for i, stage in readings.items()})

    assert refused == {}
    sites = {int(name): (at.column, at.row) for name, at in placed.items()}
    assert sites == {0: (0, 0), 1: (0, 1), 2: (1, 1), 29: (2, 3), 34: (-2, -3)}


def test_tiles_lie_95_percent_of_their_size_apart() -> None:
    matrix = np.array([[-0.5, 0.0], [0.0, -0.5]])
    first, right, below = (
        tile(i, stage, matrix, (400, 200)) for i, stage in enumerate([(0, 0), (190, 0), (0, 95)])
    )

    placed, _ = place_tiles({"first": first, "right": right, "below": below})

    assert placed == {
        "first": Placed(0, 0, 0.0, 0.0),
        "right": Placed(1, 0, 190.0, 0.0),
        "below": Placed(0, 1, 0.0, 95.0),
    }


def test_swapped_axes_of_a_talos_give_columns_along_its_stage_y() -> None:
    stages = {"right": stage_of((1, 0), TALOS_UM), "below": stage_of((0, 1), TALOS_UM)}
    assert abs(stages["right"][1] + 50) > 9 * abs(stages["right"][0] - 100)

    tiles = {"first": tile(0, (100.0, -50.0), TALOS_UM)}
    tiles |= {name: tile(i, stage, TALOS_UM) for i, (name, stage) in enumerate(stages.items(), 1)}
    placed, _ = place_tiles(tiles)

    assert [(at.column, at.row) for at in placed.values()] == [(0, 0), (1, 0), (0, 1)]


@settings(max_examples=40, deadline=None)
@given(
    turn_deg=st.floats(-180, 180),
    mirror=st.sampled_from([1.0, -1.0]),
    pixel_um=st.floats(0.05, 0.12),
    scale_x=st.floats(0.96, 1.04),
    sites=st.sets(st.tuples(st.integers(-6, 6), st.integers(-6, 6)), min_size=1, max_size=12),
)
def test_any_turned_mirrored_or_stretched_stage_gives_the_sites_back(
    turn_deg: float, mirror: float, pixel_um: float, scale_x: float, sites: set[tuple[int, int]]
) -> None:
    turn = np.radians(turn_deg)
    axes = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    matrix = pixel_um * axes * np.array([1.0, mirror])
    ordered = [(0, 0), *sorted(sites - {(0, 0)})]
    stages = [stage_of(site, matrix, scale_x) for site in ordered]

    placed, refused = place_tiles({str(i): tile(i, s, matrix) for i, s in enumerate(stages)})

    assert refused == {}
    assert [(at.column, at.row) for at in placed.values()] == ordered


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        (
            tile(1, stage_of((1, 0), KRIOS_UM), size=(1440, 1023)),
            "tile size: expected 2880 x 2046 px as most of the atlas, found 1440 x 1023",
        ),
        (
            tile(1, stage_of((1, 0), KRIOS_UM), 2 * KRIOS_UM),
            "pixel size: expected 139.6 nm as most of the atlas, found 279.2 nm",
        ),
        (
            tile(1, stage_of((0, 1000), KRIOS_UM)),
            "tiles from the first: expected at most 40",
        ),
        (
            tile(1, stage_of((0, 1), KRIOS_UM)),
            "same place in the atlas as two: expected one tile per stage position",
        ),
        (
            tile(1, (float("nan"), 0.0)),
            "stage position: expected numbers, found (nan, 0.0) um",
        ),
    ],
)
def test_a_tile_that_cannot_belong_is_refused_with_its_reason_and_the_rest_is_placed(
    odd: TileOptics, reason: str
) -> None:
    good = {
        "one": tile(0, stage_of((0, 0), KRIOS_UM)),
        "two": tile(1, stage_of((0, 1), KRIOS_UM)),
        "three": tile(2, stage_of((1, 1), KRIOS_UM)),
    }
    alone, _ = place_tiles(good)

    placed, refused = place_tiles(good | {"zz odd": replace(odd, index=3)})

    assert placed == alone
    assert list(refused) == ["zz odd"]
    assert reason in refused["zz odd"]


def test_a_damaged_first_tile_does_not_refuse_all_others() -> None:
    good = {str(i): tile(i, stage_of((0, i), KRIOS_UM)) for i in (1, 2, 3)}

    placed, refused = place_tiles({"0": tile(0, (0.0, 0.0), size=(640, 480)), **good})

    assert list(refused) == ["0"]
    assert [(at.column, at.row) for at in placed.values()] == [(0, 0), (0, 1), (0, 2)]


def test_the_order_in_which_tiles_come_decides_nothing() -> None:
    tiles = {
        "a": tile(0, stage_of((0, 0), KRIOS_UM)),
        "b": tile(1, stage_of((0, 1), KRIOS_UM)),
        "c": tile(1, stage_of((0, 1), KRIOS_UM)),
        "d": tile(2, stage_of((1, 1), KRIOS_UM), size=(10, 10)),
    }

    answers = [place_tiles({name: tiles[name] for name in order}) for order in permutations(tiles)]

    assert all(answer == answers[0] for answer in answers)
    assert set(answers[0][1]) == {"c", "d"}


def test_no_tiles_are_no_atlas() -> None:
    assert place_tiles({}) == ({}, {})


def test_pixel_0_0_of_the_nominal_frame_is_the_first_tiles_upper_left_half_micrometre() -> None:
    frame = nominal_frame(tile(0, (0.0, 0.0), np.diag([0.25, 0.25]), (400, 200)))

    assert frame.to_um(0, 0) == (-50 + 0.25, -25 + 0.25)
    assert frame.to_px(0, 0) == (99.5, 49.5)


@settings(max_examples=40, deadline=None)
@given(
    frame=st.builds(Frame, st.floats(0.1, 2), st.floats(-5000, 5000), st.floats(-5000, 5000)),
    at=st.tuples(st.floats(-5000, 5000), st.floats(-5000, 5000)),
)
def test_a_frame_leads_there_and_back(frame: Frame, at: tuple[float, float]) -> None:
    assert frame.to_um(*frame.to_px(*at)) == pytest.approx(at, abs=1e-6)


def test_the_frame_of_atlas_dm_puts_tiles_where_it_has_them() -> None:
    placed = {"a": Placed(0, 0, 0.0, 0.0), "b": Placed(1, 0, 190.0, 0.0)}
    rects = {"a": (10.0, 20.0, 400.0, 200.0), "b": (390.0, 20.0, 400.0, 200.0)}

    frame = atlas_dm_frame(placed, rects, tile(0, (0, 0), np.diag([0.5, 0.5]), (400, 200)))

    assert frame == Frame(0.5, 10 + 200 - 0.5, 20 + 100 - 0.5)


def test_one_common_tile_is_enough_for_a_frame_and_none_gives_none() -> None:
    placed = {"a": Placed(0, 0, 0.0, 0.0)}
    optics = tile(0, (0, 0), np.diag([0.5, 0.5]), (400, 200))

    assert atlas_dm_frame(placed, {"a": (0.0, 0.0, 100.0, 50.0)}, optics) == Frame(2.0, 49.5, 24.5)
    assert atlas_dm_frame(placed, {"b": (0.0, 0.0, 100.0, 50.0)}, optics) is None
