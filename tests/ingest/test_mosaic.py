import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.mosaic import Mosaic, build_mosaic
from ingest.overview import build_overview
from ingest.patch import Patches
from ingest.place import Placed, Pose, TileOptics
from ingest.work_tile import WORK_PIXEL_UM, WorkTile, reduce_tile
from tests.ingest import scenes


def optics(pixel_um: float, width_px: int, height_px: int) -> TileOptics:
    return TileOptics(0, (0.0, 0.0), np.eye(2), pixel_um, width_px, height_px)


def flat(level: float, width: int = 100, height: int = 60) -> np.ndarray:
    return np.full((height, width), level, np.float32)


def test_a_tile_is_averaged_to_half_a_micrometre_per_pixel() -> None:
    fine = np.array([[100, 400, 800, 800], [300, 800, 800, 800]], np.uint16)

    small = reduce_tile(fine, optics(0.25, 4, 2))

    assert small.dtype == np.uint16
    assert small.tolist() == [[400, 800]]


def test_few_counts_are_averaged_as_fractions() -> None:
    counts = np.random.default_rng(0).poisson(2.4, (400, 400)).astype(np.uint16)
    small = reduce_tile(counts, optics(0.125, 400, 400))
    assert small.mean() == pytest.approx(2.4, abs=0.05)
    assert float(np.median(small)) == pytest.approx(2.4, abs=0.1)


def test_a_coarse_preview_is_spread_over_the_tiles_own_size() -> None:
    assert reduce_tile(flat(7, 50, 30), optics(0.1, 500, 300)).shape == (60, 100)


def test_broken_pixels_become_dark_not_nan() -> None:
    grey = np.array([[np.nan, np.inf], [-np.inf, -5.0]], np.float32)

    assert reduce_tile(grey, optics(0.5, 2, 2)).tolist() == [[0, 0], [0, 0]]


def test_a_tile_knows_what_it_covers() -> None:
    tile = WorkTile(flat(1), 10.0, 20.0)

    assert (tile.left_um, tile.top_um) == (10 - 24.75, 20 - 14.75)
    assert tile.half_size_um == (25.0, 15.0)
    assert tile.holds(10, 20, 14.9)
    assert not tile.holds(10, 20, 15.1)
    assert not tile.holds(40, 20, 1)


def two_tiles() -> Mosaic:
    return Mosaic({"left": WorkTile(flat(1), 0, 0), "right": WorkTile(flat(2), 40, 0)})


def test_the_tile_that_shows_a_position_deepest_comes_first() -> None:
    both = two_tiles()

    assert both.showing(18, 0) == ["left", "right"]
    assert both.showing(22, 0) == ["right", "left"]
    assert both.showing(-20, 0) == ["left"]
    assert both.showing(-30, 0) == []
    assert both.showing(-30, 0, reach_um=6) == ["left"]


def test_positions_on_no_tile_are_not_covered() -> None:
    points = np.array([[0, 0], [60, 10], [66, 0], [0, 16]], float)

    assert two_tiles().covers(points).tolist() == [True, True, False, False]


def test_only_tiles_with_pixels_and_a_place_make_the_mosaic_in_order_of_their_sites() -> None:
    sites = {
        name: Placed(c, r, 40.0 * c, 25.0 * r)
        for name, c, r in [("d", 0, 1), ("c", 1, 0), ("b", 0, 0), ("no pixels", 2, 2)]
    }

    made = build_mosaic({name: flat(1) for name in "abcd"}, sites)

    assert list(made.tiles) == ["b", "c", "d"]


def test_where_tiles_overlap_the_overview_shows_the_nearer_one() -> None:
    overview = build_overview(two_tiles(), 1.0)

    row = overview.pixels[30 // 2]
    assert (overview.left_um, overview.top_um) == (-24.5, -14.5)
    assert row.shape == (90,)
    assert row[:44].tolist() == [1] * 44
    assert row[46:].tolist() == [2] * 44


@pytest.mark.parametrize("pixel_um", [1.0, 2.0])
def test_overview_positions_are_mosaic_positions(pixel_um: float) -> None:
    spot = scenes.Square(13.0, -7.0, side_um=12.0)
    overview = build_overview(scenes.mosaic([spot], 2, 2), pixel_um)

    rows, columns = np.nonzero(overview.pixels > scenes.FILM / 2)

    assert overview.left_um + columns.mean() * pixel_um == pytest.approx(13, abs=0.6 * pixel_um)
    assert overview.top_um + rows.mean() * pixel_um == pytest.approx(-7, abs=0.6 * pixel_um)


def test_a_new_tile_leaves_the_overview_of_the_others_as_it_was() -> None:
    squares = scenes.lattice(rotation_deg=20.0)
    few = build_overview(scenes.mosaic(squares, 2, 2), 2.0)
    many = build_overview(scenes.mosaic(squares, 3, 4), 2.0)

    right = round((few.left_um - many.left_um) / 2)
    down = round((few.top_um - many.top_um) / 2)
    before = few.pixels[10:160, :200]  # away from where further tiles overlap
    after = many.pixels[down + 10 : down + 160, right : right + 200]

    assert (few.left_um - many.left_um) % 2 == 0
    assert np.array_equal(before, after)


def test_a_patch_in_place_has_the_tiles_own_pixels() -> None:
    pixels = np.arange(6000, dtype=np.float32).reshape(60, 100)
    made = Mosaic({"a": WorkTile(pixels, 0, 0)})

    patch = Patches(made).cut((0.0, 0.0), 10.0, 0.0)

    assert patch.covered.all()
    assert np.array_equal(patch.pixels, pixels[20:40, 40:60])


def test_a_patch_turned_by_90_degrees_has_its_x_axis_down_the_tile() -> None:
    pixels = np.arange(6000, dtype=np.float32).reshape(60, 100)
    made = Mosaic({"a": WorkTile(pixels, 0, 0)})

    patch = Patches(made).cut((0.0, 0.0), 10.0, 90.0)

    assert patch.pixels[0] == pytest.approx(pixels[20:40, 59], abs=0.01)


def test_a_patch_across_a_border_takes_the_nearer_tile_first_and_the_other_for_the_rest() -> None:
    patch = Patches(two_tiles()).cut((18.0, 0.0), 20.0, 0.0)

    assert patch.covered.all()
    assert patch.pixels[20, :33].tolist() == [1] * 33  # up to the left tile's edge at 24.75 um
    assert patch.pixels[20, 34:].tolist() == [2] * 6


def test_a_patch_over_the_rim_says_what_no_tile_covers() -> None:
    patch = Patches(two_tiles()).cut((64.75, 0.0), 10.0, 0.0)

    assert patch.covered[:, :10].all()
    assert not patch.covered[:, 10:].any()
    assert not patch.pixels[:, 10:].any()


@settings(max_examples=15, deadline=None)
@given(dx=st.integers(-8, 8), dy=st.integers(-8, 8))
def test_seams_put_a_square_cut_in_two_together_again(dx: int, dy: int) -> None:
    shift = (dx * WORK_PIXEL_UM, dy * WORK_PIXEL_UM)
    square = scenes.Square(20.0, 3.0, side_um=24.0)
    moved = scenes.Square(20.0 - shift[0], 3.0 - shift[1], side_um=24.0)
    left = WorkTile(scenes.paint([square], -24.75, -14.75, (60, 100)), 0, 0)
    right = WorkTile(scenes.paint([moved], 15.25, -14.75, (60, 100)), 40, 0)
    whole = scenes.paint([square], 19.0 - 12.25, 3.0 - 12.25, (50, 50))

    poses = {"left": Pose(0.0, 0.0, 0.0), "right": Pose(40.0 + shift[0], shift[1], 0.0)}
    both = Mosaic({"left": left, "right": right}, poses)
    patch = Patches(both).cut((19.0, 3.0), 25.0, 0.0)

    assert np.abs(patch.pixels - whole)[patch.covered].max() < 1
