from dataclasses import replace
from math import hypot, sqrt

import numpy as np
import pytest

from simulate.mesh import Mesh, MeshKind, open_square

UPRIGHT = Mesh(
    pitch_um=100.0,
    window_um=60.0,
    corner_um=4.0,
    rotation_deg=0.0,
    offset_um=(0.0, 0.0),
    rim_um=1000.0,
    bend_um=0.0,
)


def test_neighbours_lie_one_pitch_apart() -> None:
    assert UPRIGHT.center_um(2, -3) == pytest.approx((200, -300))


@pytest.mark.parametrize("kind", list(MeshKind))
def test_index_is_the_inverse_of_centre(kind: MeshKind) -> None:
    mesh = Mesh.draw(np.random.default_rng(3), kind)
    assert mesh.index_at(*mesh.center_um(4, -7)) == pytest.approx((4, -7))


def test_in_a_hexagonal_mesh_six_neighbours_lie_one_pitch_apart() -> None:
    mesh = replace(UPRIGHT, is_hexagonal=True)
    ring = [(1, 0), (0, 1), (-1, 1), (-1, 0), (0, -1), (1, -1)]
    assert [hypot(*mesh.center_um(*index)) for index in ring] == pytest.approx([100.0] * 6)
    assert len(mesh.squares()) == pytest.approx(np.pi * 1000**2 / (100**2 * sqrt(3) / 2), rel=0.05)


def test_a_hexagon_is_as_wide_as_the_mesh_says_and_higher() -> None:
    mesh = replace(UPRIGHT, is_hexagonal=True, corner_um=1.0)
    inside = open_square(np.random.default_rng(1), mesh, 0.25).inside
    middle = inside.shape[0] // 2
    assert inside[middle].sum() * 0.25 == pytest.approx(60, rel=0.04)
    assert inside[:, middle].sum() * 0.25 == pytest.approx(60 * 2 / sqrt(3), rel=0.04)
    assert inside.sum() * 0.25**2 == pytest.approx(60**2 * sqrt(3) / 2, rel=0.04)


def test_squares_fill_the_disc_inside_the_rim() -> None:
    squares = UPRIGHT.squares()
    assert all(hypot(*UPRIGHT.center_um(*s)) < 1000 for s in squares)
    assert len(squares) == pytest.approx(np.pi * 1000**2 / 100**2, rel=0.05)


def test_the_opening_is_as_wide_as_the_mesh_says() -> None:
    opening = open_square(np.random.default_rng(1), UPRIGHT, 0.5)
    middle = opening.inside.shape[0] // 2
    assert opening.inside[middle].sum() * 0.5 == pytest.approx(60, rel=0.06)
    assert opening.inside[0].max() == 0


def test_distance_is_negative_inside_and_grows_outwards() -> None:
    opening = open_square(np.random.default_rng(1), UPRIGHT, 0.5)
    middle = opening.inside.shape[0] // 2
    assert opening.distance_um[middle, middle] == pytest.approx(-30, abs=2)
    assert np.all(np.diff(opening.distance_um[middle, middle + 4 :]) > -1e-3)
