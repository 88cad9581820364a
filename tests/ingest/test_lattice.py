import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ingest.lattice import fit_lattice
from ingest.mesh import Mesh

MESH = Mesh((80.0, 10.0), (-10.0, 80.0))


def points_of(sites: NDArray[np.int_], bend: float = 0.0) -> NDArray[np.float64]:
    """Positions of (n, 2) sites, bent by so many micrometres per squared step."""
    straight = np.add(sites @ MESH.basis.T, [7.0, -3.0])
    return np.asarray(straight + bend * (sites**2) @ np.array([[0.0, 1.0], [1.0, 0.0]]), float)


def grid(width: int, height: int) -> NDArray[np.int_]:
    return np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).reshape(-1, 2)


def nearest(points: NDArray[np.float64], to: NDArray[np.float64]) -> float:
    """The largest distance that a point of `to` has from the nearest of `points`."""
    away = np.linalg.norm(points[:, None] - to[None], axis=2)
    return float(away.min(axis=0).max())


def all_sites() -> NDArray[np.int_]:
    return grid(25, 25) - 12


@pytest.mark.parametrize("bend", [0.0, 0.15])
def test_missing_sites_are_where_the_others_say(bend: float) -> None:
    points = points_of(grid(8, 8), bend)
    seen = np.delete(points, [9, 27, 28, 50], axis=0)

    lattice = fit_lattice(seen, MESH)

    assert lattice is not None
    assert nearest(lattice.position(all_sites()), points) < 0.01


@settings(max_examples=20, deadline=None)
@given(st.permutations(list(range(16))))
def test_the_order_of_points_decides_nothing(order: list[int]) -> None:
    points = points_of(grid(4, 4))

    lattice = fit_lattice(points[order], MESH)

    assert lattice is not None
    assert nearest(lattice.position(all_sites()), points) < 1e-6


def test_points_off_the_lattice_do_not_bend_it() -> None:
    points = points_of(grid(6, 6))
    strays = np.array([[40.0, 40.0], [205.0, 130.0], [333.0, 90.0]])

    lattice = fit_lattice(np.vstack([strays, points]), MESH)

    assert lattice is not None
    assert nearest(lattice.position(all_sites()), points) < 0.5


def test_the_larger_of_two_groups_gives_the_lattice() -> None:
    small, large = np.add(points_of(grid(2, 2)), [2000.0, 37.0]), points_of(grid(4, 4))

    lattice = fit_lattice(np.vstack([small, large]), MESH)

    assert lattice is not None
    assert len(lattice.indices) == 16
    assert nearest(lattice.position(all_sites()), large) < 1e-6


def test_points_in_a_line_take_the_mesh_for_the_other_direction() -> None:
    lattice = fit_lattice(points_of(grid(5, 1)), MESH)

    assert lattice is not None
    assert nearest(lattice.position(all_sites()), points_of(grid(5, 3))) < 1e-6


def test_one_point_is_no_lattice() -> None:
    assert fit_lattice(points_of(grid(1, 1)), MESH) is None
    assert fit_lattice(np.zeros((0, 2)), MESH) is None
