import pytest

from simulate.instrument import INSTRUMENTS, CameraKind, spiral
from simulate.stage import (
    TileView,
    commanded_stage,
    specimen_at,
    specimen_to_tile,
    stage_of,
    tile_pixel,
)

K3 = INSTRUMENTS[CameraKind.K3]


def test_a_real_square_appears_at_the_pixel_where_epu_found_it() -> None:
    """Node 19496077 of a Krios atlas: stage (134.738, -130.513) um, seen at (388.46, 150.69)."""
    view = TileView(0, 0, 0, (0.000831, 0.01484))
    assert tile_pixel(K3, view, (134.738, -130.513)) == pytest.approx((388.46, 150.69), abs=0.5)


def test_lattice_steps_are_those_of_the_real_atlas() -> None:
    assert commanded_stage(K3, 1, 0) == pytest.approx((-369.473, 23.401), abs=0.15)
    assert commanded_stage(K3, 0, 1) == pytest.approx((16.186, 270.806), abs=0.15)


def test_the_spiral_is_the_real_one() -> None:
    order = spiral(5, 7)
    assert order[:7] == [(0, 0), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1)]
    assert order[29:] == [(2, 3), (2, -3), (1, -3), (0, -3), (-1, -3), (-2, -3)]
    assert len(set(order)) == 35


@pytest.mark.parametrize(("columns", "rows"), [(1, 1), (3, 3), (6, 6), (4, 2)])
def test_every_rectangle_is_filled_once(columns: int, rows: int) -> None:
    order = spiral(columns, rows)
    assert len(set(order)) == columns * rows


def test_specimen_and_stage_are_inverse() -> None:
    assert specimen_at(K3, stage_of(K3, (700.0, -900.0))) == pytest.approx((700.0, -900.0))


def test_the_centre_of_a_tile_shows_where_the_stage_stands() -> None:
    view = TileView(0, 1, 2, commanded_stage(K3, 1, 2))
    assert tile_pixel(K3, view, view.stage_um) == pytest.approx((1440, 1023))
    x, y = specimen_at(K3, view.stage_um)
    to_tile = specimen_to_tile(K3, view, (x, y))
    assert tuple(to_tile @ (x, y, 1)) == pytest.approx((1440, 1023))


def test_nominal_stitching_shows_the_seam_errors_of_a_real_atlas() -> None:
    """Left/right neighbours drift apart by about 78 tile pixels per mm of stage Y."""
    left = TileView(0, 0, 3, commanded_stage(K3, 0, 3))
    right = TileView(1, 1, 3, commanded_stage(K3, 1, 3))
    middle = tuple((a + b) / 2 for a, b in zip(left.stage_um, right.stage_um, strict=True))
    here, there = (tile_pixel(K3, view, middle) for view in (left, right))
    drift = here[1] - there[1]
    per_mm = drift / (left.stage_um[1] + right.stage_um[1]) * 2 * 1000
    assert per_mm == pytest.approx(-78, abs=4)
