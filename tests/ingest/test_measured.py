import numpy as np

from ingest.measured import MeasuredWindows
from ingest.mosaic import Mosaic
from ingest.patch import Patches
from ingest.place import Pose
from ingest.window import Search, measure_window
from ingest.work_tile import WorkTile
from tests.ingest import scenes

SEARCH = Search(scenes.PITCH_UM, 0.0, 10.0)


def tile(level: float = scenes.FILM, x_um: float = 0.0) -> WorkTile:
    square = scenes.Square(x_um, 0, level=level)
    return WorkTile(scenes.tile_pixels([square], scenes.place(0, 0)), 0, 0)


def test_a_window_is_measured_once_while_nothing_near_it_changes() -> None:
    memory, here = MeasuredWindows(), tile()
    beside = WorkTile(here.pixels, 237.5, 0)  # 20 um outside the patch that was looked at

    first = memory.measure(Mosaic({"a": here}), (2.0, 2.0), SEARCH, measure_window)
    memory.end_survey()
    again = memory.measure(Mosaic({"a": here, "b": beside}), (2.0, 2.0), SEARCH, measure_window)

    assert first is not None
    assert again is first


def test_nothing_is_remembered_as_well() -> None:
    memory, dark = MeasuredWindows(), tile(scenes.BAR)

    assert memory.measure(Mosaic({"a": dark}), (2.0, 2.0), SEARCH, measure_window) is None
    assert memory.measure(Mosaic({"a": dark}), (2.0, 2.0), SEARCH, measure_window) is None
    assert len(memory) == 1


def test_a_remembered_window_is_what_measuring_gives() -> None:
    memory, mosaic = MeasuredWindows(), Mosaic({"a": tile()})
    memory.measure(mosaic, (2.0, 2.0), SEARCH, measure_window)

    remembered = memory.measure(mosaic, (2.0, 2.0), SEARCH, measure_window)
    measured = measure_window(Patches(mosaic), (2.0, 2.0), SEARCH)

    assert remembered is not None
    assert measured is not None
    assert (remembered.x_um, remembered.y_um) == (measured.x_um, measured.y_um)
    assert np.array_equal(remembered.film_levels, measured.film_levels)


def test_new_pixels_a_new_place_a_new_neighbour_and_a_new_seam_are_measured_again() -> None:
    memory, here = MeasuredWindows(), tile(x_um=90.0)
    beside = WorkTile(here.pixels, 200.0, 0)
    moved = WorkTile(here.pixels, 1.0, 0)
    pair = {"a": here, "b": beside}
    changed = [
        Mosaic({"a": tile(3000.0, x_um=90.0)}),
        Mosaic({"a": moved}),
        Mosaic(pair),
        Mosaic(pair, {"a": Pose(0.0, 0.0, 0.0), "b": Pose(204.0, 0.0, 0.0)}),
    ]
    near_um = (90.0, 2.0)

    found = [
        memory.measure(mosaic, near_um, SEARCH, measure_window)
        for mosaic in (Mosaic({"a": here}), *changed)
    ]

    assert None not in found
    assert len({id(window) for window in found}) == len(changed) + 1


def test_what_two_surveys_did_not_ask_for_is_forgotten() -> None:
    memory, mosaic = MeasuredWindows(), Mosaic({"a": tile()})
    memory.measure(mosaic, (2.0, 2.0), SEARCH, measure_window)
    memory.measure(mosaic, (4.0, 2.0), SEARCH, measure_window)
    memory.end_survey()

    memory.measure(mosaic, (4.0, 2.0), SEARCH, measure_window)
    memory.end_survey()

    assert len(memory) == 1
