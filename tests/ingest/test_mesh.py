import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.mesh import Levels, Mesh, find_mesh, read_levels, transmission, upright_deg
from ingest.overview import Overview
from tests.ingest import scenes


def mesh_of(overview: Overview) -> Mesh | None:
    return find_mesh(transmission(overview, read_levels(overview)), overview)


def turned_away_deg(one: float, other: float) -> float:
    """Between two rotations of a square, which repeat every 90 degrees."""
    return abs(upright_deg(one - other))


@settings(max_examples=12, deadline=None)
@given(pitch_um=st.sampled_from([60.0, 85.0, 127.0]), rotation_deg=st.floats(-45, 45))
def test_pitch_and_rotation_of_any_mesh_are_found(pitch_um: float, rotation_deg: float) -> None:
    squares = scenes.lattice(
        pitch_um=pitch_um, rotation_deg=rotation_deg, side_um=0.55 * pitch_um, reach=11
    )

    mesh = mesh_of(scenes.overview(squares))

    assert mesh is not None
    assert mesh.pitch_um == pytest.approx(pitch_um, abs=0.5)
    assert turned_away_deg(mesh.rotation_deg, rotation_deg) < 0.5


@pytest.mark.parametrize("rotation_deg", [-28.0, 0.0, 11.0])
def test_a_hexagonal_mesh_gives_two_vectors_60_degrees_apart(rotation_deg: float) -> None:
    windows = scenes.hexagons(pitch_um=80.0, rotation_deg=rotation_deg, side_um=55.0, reach=10)

    mesh = mesh_of(scenes.overview(windows))

    assert mesh is not None
    lengths = np.linalg.norm(mesh.basis, axis=0)
    assert lengths == pytest.approx([80, 80], abs=0.5)
    cosine = abs(mesh.basis[:, 0] @ mesh.basis[:, 1]) / lengths.prod()
    assert cosine == pytest.approx(0.5, abs=0.02)
    assert mesh.rotation_deg == pytest.approx(rotation_deg, abs=0.5)


def test_one_tile_of_a_300_mesh_is_enough() -> None:
    overview = scenes.overview(scenes.lattice(rotation_deg=-26.0), side_um=300.0)

    mesh = mesh_of(overview)

    assert mesh is not None
    assert mesh.pitch_um == pytest.approx(85, abs=1)
    assert mesh.rotation_deg == pytest.approx(-26, abs=1)


@pytest.mark.parametrize("rotation_deg", [-26.0, 0.0, 12.0])
def test_a_mesh_of_thin_bars_is_found(rotation_deg: float) -> None:
    squares = scenes.lattice(pitch_um=127.0, side_um=118.0, rotation_deg=rotation_deg)

    mesh = mesh_of(scenes.overview(squares))

    assert mesh is not None
    assert mesh.pitch_um == pytest.approx(127, abs=1)


def test_squares_of_unlike_size_still_lie_on_their_mesh() -> None:
    draw = np.random.default_rng(2)
    squares = [
        scenes.Square(s.x_um, s.y_um, float(draw.uniform(15, 55)), s.rotation_deg)
        for s in scenes.lattice(rotation_deg=12.0)
    ]

    mesh = mesh_of(scenes.overview(squares))

    assert mesh is not None
    assert mesh.pitch_um == pytest.approx(85, abs=0.5)


def test_a_dark_tile_with_gain_stripes_has_no_windows() -> None:
    pixels = np.full((200, 300), 30, np.float32) + 6 * np.sin(np.arange(300) / 4)
    pixels = scenes.with_noise(pixels.astype(np.float32), seed=4)
    pixels[120] += 12
    overview = Overview(pixels, np.ones(pixels.shape, bool), 2.0, 0.0, 0.0)

    assert not read_levels(overview).has_windows


def test_one_window_alone_repeats_nowhere() -> None:
    overview = scenes.overview([scenes.Square(0, 0)])

    assert read_levels(overview).has_windows is False
    assert mesh_of(overview) is None


def test_windows_are_what_is_far_brighter_than_bars() -> None:
    assert Levels(darkest=38, bar=40, bright=6000).has_windows
    assert not Levels(darkest=10, bar=40, bright=100).has_windows
    assert not Levels(darkest=39, bar=40, bright=70).has_windows


def test_transmission_is_0_on_bars_and_off_the_tiles_and_1_in_bright_windows() -> None:
    grey = np.array([[40.0, 6000.0], [1530.0, 6000.0]], np.float32)
    covered = np.array([[True, True], [True, False]])
    image = transmission(Overview(grey, covered, 2.0, 0, 0), Levels(38, 40, 6000))

    assert image[0, 0] < 0.05
    assert image[0, 1] > 0.97
    assert image[1, 0] == pytest.approx(0.5, abs=0.02)
    assert image[1, 1] == 0


@settings(deadline=None)
@given(angle=st.floats(-1000, 1000))
def test_a_square_looks_the_same_every_quarter_turn(angle: float) -> None:
    upright = upright_deg(angle)

    assert -45 <= upright <= 45
    assert (angle - upright) / 90 == pytest.approx(round((angle - upright) / 90), abs=1e-6)
