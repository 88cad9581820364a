"""Overlaps of windows drowned in ice: blurred, and dim beside the camera's noise."""

import cv2
import numpy as np
import pytest

from ingest.overlap import Match, cut_strip
from ingest.seams import register
from ingest.whole import match_whole
from ingest.work_tile import WORK_PIXEL_UM, WorkTile
from tests.ingest import scenes

TILE_PX = (800, 560)
SIDE_UM = 20.0
BLUR_UM = 5.0
DIM = scenes.lattice(rotation_deg=12.0, start_um=(30.0, 25.0), side_um=SIDE_UM)
TURN_RAD = 0.008
"""Of tiles a row apart, by a stage whose pivot is 35 mm away."""


def shown(
    site: tuple[int, int],
    moved_um: tuple[float, float] = (0.0, 0.0),
    turn_rad: float = 0.0,
    *,
    level: float = 250.0,
    side_um: float = SIDE_UM,
    blur_um: float = BLUR_UM,
) -> WorkTile:
    """A tile of drowned windows that really lies somewhere else, turned about its centre."""
    place = scenes.place(*site, TILE_PX)
    cos, sin = np.cos(turn_rad), np.sin(turn_rad)
    squares = []
    for square in DIM:
        x, y = square.x_um - moved_um[0] - place.x_um, square.y_um - moved_um[1] - place.y_um
        x, y = place.x_um + cos * x + sin * y, place.y_um + cos * y - sin * x
        squares.append(scenes.Square(x, y, side_um, square.rotation_deg, level))
    left, top = (
        centre - (size - 1) / 2 * WORK_PIXEL_UM - BLUR_UM * 4
        for centre, size in zip((place.x_um, place.y_um), TILE_PX, strict=True)
    )
    beyond = round(4 * BLUR_UM / WORK_PIXEL_UM)
    shape = TILE_PX[1] + 2 * beyond, TILE_PX[0] + 2 * beyond
    clean = cv2.GaussianBlur(
        scenes.paint(squares, left, top, shape), (0, 0), blur_um / WORK_PIXEL_UM
    )
    clean = clean[beyond:-beyond, beyond:-beyond].astype(np.float32)
    pixels = scenes.with_noise(clean, seed=10 * site[0] + site[1])
    return WorkTile(pixels, place.x_um, place.y_um)


def whole(one: WorkTile, other: WorkTile) -> Match | None:
    return match_whole(one, other, (cut_strip(one, other), cut_strip(other, one)))


def error_um(
    match: Match, site: tuple[int, int], moved_um: tuple[float, float], turn_rad: float
) -> tuple[float, float]:
    """How far what the second tile is said to show lies from where it shows it."""
    at = scenes.place(*site, TILE_PX)
    x = match.one_um[0] - at.x_um - moved_um[0]
    y = match.one_um[1] - at.y_um - moved_um[1]
    cos, sin = np.cos(turn_rad), np.sin(turn_rad)
    return (
        float(match.other_um[0] - cos * x - sin * y),
        float(match.other_um[1] - cos * y + sin * x),
    )


@pytest.mark.parametrize("moved", [(0.0, 0.0), (9.3, -4.2), (-6.0, -7.0)])
@pytest.mark.parametrize(("site", "turn_rad"), [((1, 0), 0.0), ((0, 1), TURN_RAD)])
def test_dim_windows_tell_how_far_a_tile_is_off_although_it_is_turned(
    site: tuple[int, int], turn_rad: float, moved: tuple[float, float]
) -> None:
    one, other = shown((0, 0)), shown(site, moved, turn_rad)

    match = whole(one, other)

    assert match is not None
    assert match.confident
    assert np.hypot(*error_um(match, site, moved, turn_rad)) < 0.3


def test_windows_that_leave_little_of_the_bars_tell_too() -> None:
    wide = {"level": 600.0, "side_um": 62.0, "blur_um": 1.0}
    one, other = shown((0, 0), **wide), shown((0, 1), (5.0, -3.0), TURN_RAD, **wide)

    match = whole(one, other)

    assert match is not None
    assert np.hypot(*error_um(match, (0, 1), (5.0, -3.0), TURN_RAD)) < 0.2


def test_the_dimmer_the_windows_the_less_is_claimed() -> None:
    known = []
    for level in (250.0, 130.0, 90.0):
        match = whole(shown((0, 0), level=level), shown((0, 1), (3.0, -4.0), level=level))
        assert match is not None
        known.append(match.information[0] + match.information[2])
        xx, xy, yy = match.information
        off = np.array(error_um(match, (0, 1), (3.0, -4.0), 0.0))
        assert off @ np.array([[xx, xy], [xy, yy]]) @ off < 9  # three deviations

    assert known == sorted(known, reverse=True)


def test_bars_alone_tell_nothing() -> None:
    assert whole(shown((0, 0), level=scenes.BAR), shown((0, 1), level=scenes.BAR)) is None


def test_windows_that_differ_tell_nothing() -> None:
    one, other = shown((0, 0)), shown((0, 1))
    strange = WorkTile(np.ascontiguousarray(other.pixels[::-1, ::-1]), other.x_um, other.y_um)

    assert whole(one, strange) is None


def test_pieces_that_do_not_tell_leave_the_word_to_the_whole() -> None:
    one, other = shown((0, 0)), shown((0, 1), (2.0, 3.0), TURN_RAD)

    assert register(one, other) == (whole(one, other),)
