import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.mosaic import Mosaic
from ingest.patch import Patches
from ingest.window import Search, Window, measure_window
from ingest.work_tile import WorkTile
from tests.ingest import scenes

CLEAR = 10.0


def look(
    squares: list[scenes.Square],
    near_um: tuple[float, float] = (0.0, 0.0),
    rotation_deg: float = 0.0,
    tile_px: tuple[int, int] = (500, 500),
) -> Window | None:
    """Measure on one tile of 250 x 250 um around 0, 0."""
    tile = scenes.tile_pixels(squares, scenes.place(0, 0), tile_px)
    search = Search(scenes.PITCH_UM, rotation_deg, CLEAR)
    return measure_window(Patches(Mosaic({"tile": WorkTile(tile, 0, 0)})), near_um, search)


@settings(max_examples=25, deadline=None)
@given(
    rotation_deg=st.floats(-44, 44),
    side_um=st.floats(15, 60),
    off_um=st.tuples(st.floats(-12, 12), st.floats(-12, 12)),
    level=st.floats(300, 9000),
)
def test_centre_and_sides_of_any_square_are_measured_to_half_a_micrometre(
    rotation_deg: float, side_um: float, off_um: tuple[float, float], level: float
) -> None:
    squares = [
        scenes.Square(s.x_um + 3, s.y_um - 2, side_um, rotation_deg, level)
        for s in scenes.lattice(rotation_deg=rotation_deg, reach=2)
    ]

    window = look(squares, (3 + off_um[0], -2 + off_um[1]), rotation_deg)

    assert window is not None
    assert np.hypot(window.x_um - 3, window.y_um + 2) < 0.5
    assert window.width_um == pytest.approx(side_um, abs=2.0)  # edges are taken low, at a quarter
    assert window.height_um == pytest.approx(side_um, abs=2.0)
    assert window.rotation_deg == rotation_deg
    assert window.complete
    assert window.level == pytest.approx(level, rel=0.05)


def test_film_levels_are_those_inside_the_window() -> None:
    window = look([scenes.Square(0, 0, level=5000)])

    assert window is not None
    assert window.film_levels.shape == (20,)
    assert window.film_levels.min() > 4500
    assert window.film_levels.max() < 5500


def test_a_corner_without_film_does_not_shrink_the_square() -> None:
    window = look([scenes.Square(0, 0, torn=True)])

    assert window is not None
    assert np.hypot(window.x_um, window.y_um) < 0.5


def test_bars_and_dark_film_hold_no_window() -> None:
    assert look([]) is None
    assert look([scenes.Square(0, 0, level=scenes.BAR + 8)]) is None


def test_a_glow_of_10_um_whose_edge_is_lost_in_noise_is_not_measured_as_a_window_of_40() -> None:
    y, x = np.mgrid[-250:250, -250:250] * 0.5
    glow = 90 + 60 * np.exp(-((x - 4) ** 2 + (y - 6) ** 2) / (2 * 5**2))
    noise = np.random.default_rng(9).normal(0, 8, glow.shape)
    tile = WorkTile((glow + noise).astype(np.float32), 0, 0)
    search = Search(scenes.PITCH_UM, 0.0, CLEAR)

    assert measure_window(Patches(Mosaic({"tile": tile})), (0.0, 0.0), search) is None


def test_a_pinhole_is_no_window() -> None:
    assert look([scenes.Square(0, 0, side_um=4)]) is None


def test_where_no_bar_is_seen_what_shines_is_no_window() -> None:
    assert look([scenes.Square(0, 0, side_um=180)]) is None


def test_a_neighbour_is_not_taken_for_the_window_looked_for() -> None:
    assert look([scenes.Square(60, 0)]) is None


def test_a_square_over_the_edge_of_the_tiles_is_not_complete() -> None:
    window = look([scenes.Square(115, 0)], (112, 0))

    assert window is not None
    assert window.coverage == pytest.approx(0.7, abs=0.12)
    assert not window.complete


def test_far_off_the_tiles_there_is_nothing_to_measure() -> None:
    assert look([scenes.Square(0, 0)], (160, 160)) is None
    assert look([scenes.Square(0, 0)], (9999, 0)) is None
