from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from ingest.extract import Extraction, extract_windows
from ingest.measured import MeasuredWindows
from ingest.mosaic import Mosaic
from ingest.work_tile import WorkTile
from tests.ingest import scenes
from tests.ingest.scenes import Square


def whole(mosaic: Mosaic, squares: list[Square]) -> list[Square]:
    """Those of the squares that the tiles show with their bars."""
    found = []
    for square in squares:
        reach = 0.7072 * square.side_um + 4
        corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1), (0, 0)]) * reach
        if mosaic.covers(np.add(corners, [square.x_um, square.y_um])).all():
            found.append(square)
    return found


def errors_um(found: Extraction, squares: list[Square]) -> list[float]:
    """Distance of the nearest window from each square."""
    places = np.array([(w.x_um, w.y_um) for w in found.windows]).reshape(-1, 2)
    away = [np.hypot(*(places - (s.x_um, s.y_um)).T) for s in squares]
    return [float(a.min()) if len(a) else np.inf for a in away]


def closest_pair_um(found: Extraction) -> float:
    pairs = combinations(found.windows, 2)
    return min(float(np.hypot(a.x_um - b.x_um, a.y_um - b.y_um)) for a, b in pairs)


@pytest.mark.parametrize(
    ("pitch_um", "side_um", "rotation_deg"),
    [(60.0, 34.0, 10.0), (85.0, 45.0, -26.0), (127.0, 68.0, 44.0), (127.0, 118.0, 12.0)],
)
def test_every_square_of_a_mesh_is_found_once_to_half_a_micrometre(
    pitch_um: float, side_um: float, rotation_deg: float
) -> None:
    squares = scenes.lattice(
        pitch_um=pitch_um,
        rotation_deg=rotation_deg,
        side_um=side_um,
        start_um=(11.0, -5.0),
    )
    mosaic = scenes.mosaic(squares)

    found = extract_windows(mosaic)

    assert max(errors_um(found, whole(mosaic, squares))) < 0.5
    # Of a square cut off by the rim the middle of the part that is shown counts.
    assert closest_pair_um(found) > 0.7 * pitch_um
    for window in found.windows:  # nothing else is found
        away = min(np.hypot(window.x_um - s.x_um, window.y_um - s.y_um) for s in squares)
        assert away < (15 if window.complete else side_um / 2)
        assert mosaic.showing(window.x_um, window.y_um)  # a tile owns it


@pytest.mark.parametrize(
    ("pitch_um", "side_um", "rotation_deg"),
    [(62.0, 42.0, 0.0), (85.0, 62.0, 17.0), (125.0, 95.0, -28.0)],
)
def test_every_window_of_a_hexagonal_mesh_is_found_once(
    pitch_um: float, side_um: float, rotation_deg: float
) -> None:
    windows = scenes.hexagons(
        pitch_um=pitch_um, rotation_deg=rotation_deg, side_um=side_um, reach=14
    )
    dark = min(windows, key=lambda w: np.hypot(w.x_um - 60, w.y_um - 30))
    lit = [w for w in windows if w is not dark]
    mosaic = scenes.mosaic(lit)

    found = extract_windows(mosaic)

    assert found.mesh is not None
    assert found.mesh.rotation_deg == pytest.approx(rotation_deg, abs=1)
    assert max(errors_um(found, whole(mosaic, lit))) < 0.5
    assert min(errors_um(found, [dark])) > 0.7 * pitch_um  # it is not made up
    assert closest_pair_um(found) > 0.7 * pitch_um
    for window in found.windows:
        assert min(errors_um(Extraction((window,), None), lit)) < (
            1 if window.complete else side_um / 2
        )


def test_a_hexagonal_mesh_keeps_its_turn_while_the_atlas_grows() -> None:
    mosaic = scenes.mosaic(
        scenes.hexagons(pitch_um=70.0, rotation_deg=12.0, side_um=50.0, reach=12)
    )
    names = sorted(mosaic.tiles, key=lambda name: (name != "0,0", name))

    turns = []
    for count in (1, 2, 5, 9):
        mesh = extract_windows(Mosaic({n: mosaic.tiles[n] for n in names[:count]})).mesh
        turns.append(mesh.rotation_deg if mesh is not None else np.nan)

    assert turns == pytest.approx([12.0] * 4, abs=1)


def test_dim_small_and_torn_squares_are_found_where_the_lattice_says() -> None:
    squares = scenes.lattice(rotation_deg=15.0)
    inner = [i for i, s in enumerate(squares) if abs(s.x_um) < 250 and abs(s.y_um) < 150]
    squares[inner[3]] = replace(squares[inner[3]], level=400.0)
    squares[inner[8]] = replace(squares[inner[8]], side_um=14.0, level=900.0)
    squares[inner[12]] = replace(squares[inner[12]], torn=True)
    odd = [squares[inner[i]] for i in (3, 8, 12)]

    found = extract_windows(scenes.mosaic(squares))

    assert max(errors_um(found, odd)) < 0.5


def test_a_sliver_in_a_corner_of_its_opening_is_found_where_the_lattice_says() -> None:
    squares = scenes.lattice(rotation_deg=15.0)
    whole_one = min(squares, key=lambda s: np.hypot(s.x_um - 60, s.y_um - 30))
    off_um = np.array([17.0, 17.0])  # a corner of 45 um less one of 11
    turn = np.radians(15.0)
    x, y = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ off_um
    corner = replace(whole_one, x_um=whole_one.x_um + x, y_um=whole_one.y_um + y, side_um=11.0)
    squares[squares.index(whole_one)] = corner

    found = extract_windows(scenes.mosaic(squares))

    assert max(errors_um(found, [corner])) < 1.5


def test_a_square_without_light_is_not_made_up() -> None:
    squares = scenes.lattice(rotation_deg=15.0)
    gone = min(squares, key=lambda s: np.hypot(s.x_um - 60, s.y_um - 30))
    squares.remove(gone)

    found = extract_windows(scenes.mosaic(squares))

    assert min(errors_um(found, [gone])) > 60


def test_a_hole_without_bars_is_no_square_and_its_neighbours_are_found_once() -> None:
    squares = [*scenes.lattice(rotation_deg=15.0), Square(20.0, 10.0, side_um=130.0, level=7000.0)]
    away = [s for s in squares[:-1] if np.hypot(s.x_um - 20, s.y_um - 10) > 130]
    mosaic = scenes.mosaic(squares)

    found = extract_windows(mosaic)

    assert max(errors_um(found, whole(mosaic, away))) < 0.5
    assert closest_pair_um(found) > 40
    assert max(w.width_um for w in found.windows) < 85


def test_a_square_with_one_bar_gone_is_found_once() -> None:
    squares = scenes.lattice()
    torn = min(squares, key=lambda s: np.hypot(s.x_um, s.y_um))
    squares.append(replace(torn, x_um=torn.x_um + 15, level=6500.0))

    found = extract_windows(scenes.mosaic(squares))

    near = [w for w in found.windows if np.hypot(w.x_um - torn.x_um, w.y_um - torn.y_um) < 60]
    assert len(near) == 1
    assert near[0].width_um == pytest.approx(60, abs=2)


def test_dark_tiles_with_gain_stripes_add_nothing() -> None:
    squares = [s for s in scenes.lattice(rotation_deg=-8.0) if s.x_um < -60]
    lit = scenes.mosaic(squares, columns=3, rows=2)
    stripes = 12 * (1 + np.sin(np.arange(500) / 5, dtype=np.float32))
    tiles = {
        name: WorkTile(tile.pixels + stripes, tile.x_um, tile.y_um)
        for name, tile in lit.tiles.items()
    }

    found = extract_windows(Mosaic(tiles))

    assert max(w.x_um for w in found.windows) < -30
    assert max(errors_um(found, whole(lit, squares))) < 0.5


def test_an_atlas_of_bars_alone_has_no_squares() -> None:
    assert extract_windows(scenes.mosaic([], 2, 2)) == Extraction((), None)
    assert extract_windows(Mosaic({})) == Extraction((), None)


def test_a_missing_tile_leaves_its_squares_out_and_cuts_its_neighbours() -> None:
    squares = scenes.lattice(rotation_deg=30.0)
    mosaic = scenes.mosaic(squares, without=[(0, 0)])

    found = extract_windows(mosaic)

    assert max(errors_um(found, whole(mosaic, squares))) < 0.5
    assert not mosaic.covers(np.array([[0.0, 0.0]])).any()
    assert all(np.hypot(w.x_um, w.y_um) > 60 for w in found.windows)
    assert any(not w.complete for w in found.windows)


def test_windows_come_in_reading_order_whatever_the_order_of_the_tiles() -> None:
    mosaic = scenes.mosaic(scenes.lattice(rotation_deg=30.0), 2, 2)
    names = sorted(mosaic.tiles)

    found = extract_windows(mosaic)

    places = [(w.y_um, w.x_um) for w in found.windows]
    assert places == sorted(places)
    for turn in range(1, len(names)):
        turned = {name: mosaic.tiles[name] for name in names[turn:] + names[:turn]}
        again = extract_windows(Mosaic(turned)).windows
        assert [(w.y_um, w.x_um) for w in again] == places


def test_a_growing_atlas_is_surveyed_the_same_with_and_without_memory() -> None:
    squares = scenes.lattice(rotation_deg=-26.0)
    tiles = scenes.mosaic(squares).tiles
    memory = MeasuredWindows()

    for count in (3, 4, 7, 8, 9):
        mosaic = Mosaic(dict(list(tiles.items())[:count]))

        assert as_numbers(extract_windows(mosaic, memory)) == as_numbers(extract_windows(mosaic))


def as_numbers(found: Extraction) -> list[tuple[float, ...]]:
    return [
        (w.x_um, w.y_um, w.width_um, w.height_um, w.coverage, w.level, *w.film_levels.tolist())
        for w in found.windows
    ]
