"""Tiles laid by their overlaps, with true poses known."""

from dataclasses import replace

import numpy as np
import pytest

from ingest.overlap import Match
from ingest.place import Placed, Pose, TileOptics, place_tiles
from ingest.records import StageSource
from ingest.register import Registration, register_tiles
from ingest.stage import StageModel

MATRIX = np.array([[0.139, -0.0086], [-0.0086, -0.139]])
PIXEL_UM = float(np.hypot(*MATRIX[0]))
SIZE = (2880, 2046)
STAGE = StageModel(0.97, 35_000.0, StageSource.STAGE_MODEL, 1.0)
SURE = (40.0, 0.0, 40.0)

Atlas = tuple[dict[str, TileOptics], dict[str, Placed], dict[str, Pose]]


def atlas(
    columns: int = 3, rows: int = 4, *, scale: float = 0.97, pivot_um: float = 35_000.0
) -> Atlas:
    """Tiles taken by a stage that errs by 3 um, their sites, and where they really lie."""
    draw = np.random.default_rng(4)
    tiles: dict[str, TileOptics] = {}
    truth: dict[str, Pose] = {}
    for number, (row, column) in enumerate((r, c) for r in range(rows) for c in range(columns)):
        step = -MATRIX @ np.array([0.95 * SIZE[0] * column, 0.95 * SIZE[1] * row])
        reading = (0.97 * float(step[0]), float(step[1]))
        at = np.add(reading, draw.normal(0, 2, 2) if number else (0.0, 0.0))
        specimen = np.array([at[0] / scale + scale / pivot_um * at[1] ** 2 / 2, at[1]])
        place = -np.linalg.solve(MATRIX, specimen) * PIXEL_UM
        turn = scale / pivot_um * at[1]
        tiles[str(number)] = TileOptics(number, reading, MATRIX, PIXEL_UM, *SIZE)
        truth[str(number)] = Pose(float(place[0]), float(place[1]), float(turn))
    placed, _ = place_tiles(tiles)
    return tiles, placed, truth


def match(one: Pose, other: Pose, along: float, information: tuple[float, float, float]) -> Match:
    """What two tiles show of a point between them, `along` micrometres along their border."""
    step = np.array([other.x_um - one.x_um, other.y_um - one.y_um])
    across = np.array([-step[1], step[0]]) / np.hypot(*step)
    at = np.array([one.x_um, one.y_um]) + step / 2 + along * across

    def seen(pose: Pose) -> tuple[float, float]:
        x, y = at - (pose.x_um, pose.y_um)
        cos, sin = np.cos(pose.turn_rad), np.sin(pose.turn_rad)
        return float(cos * x + sin * y), float(cos * y - sin * x)

    return Match(seen(one), seen(other), information)


def seams(
    placed: dict[str, Placed], truth: dict[str, Pose], without: set[str] | None = None
) -> dict[tuple[str, str], tuple[Match, ...]]:
    found = {}
    for a, one in placed.items():
        for b, other in placed.items():
            step = other.column - one.column, other.row - one.row
            if step in {(1, 0), (0, 1)} and not {a, b} & (without or set()):
                found[a, b] = tuple(
                    match(truth[a], truth[b], along, SURE) for along in (-120, 0, 120)
                )
    return found


def worst_um(registration: Registration, truth: dict[str, Pose]) -> float:
    return max(
        float(np.hypot(pose.x_um - truth[name].x_um, pose.y_um - truth[name].y_um))
        for name, pose in registration.poses.items()
    )


def test_overlaps_put_tiles_where_they_are_although_the_stage_errs() -> None:
    tiles, placed, truth = atlas()

    found = register_tiles(tiles, placed, seams(placed, truth), STAGE)

    assert worst_um(register_tiles(tiles, placed, {}, STAGE), truth) > 3
    assert worst_um(found, truth) < 0.2
    for name, pose in found.poses.items():
        assert pose.turn_rad == pytest.approx(truth[name].turn_rad, abs=3e-4)


@pytest.mark.parametrize("pivot_um", [25_000.0, 60_000.0, 1e9])
def test_another_microscopes_pivot_and_scale_are_found_from_overlaps(pivot_um: float) -> None:
    tiles, placed, truth = atlas(scale=0.98, pivot_um=pivot_um)

    found = register_tiles(tiles, placed, seams(placed, truth), STAGE)

    assert found.turn_per_um == pytest.approx(0.98 / pivot_um, abs=1e-6)
    assert found.turn_sd < 2e-6
    assert worst_um(found, truth) < 0.3


def test_one_false_match_has_no_say() -> None:
    tiles, placed, truth = atlas()
    all_seams = seams(placed, truth)
    pair = ("0", "1")
    wrong = Match(all_seams[pair][0].one_um, tuple(np.add(all_seams[pair][0].other_um, 9.0)), SURE)

    found = register_tiles(tiles, placed, all_seams | {pair: (wrong, *all_seams[pair][1:])}, STAGE)

    assert worst_um(found, truth) < 0.3


def test_a_tile_whose_overlaps_tell_nothing_lies_where_the_stage_says_beside_its_neighbours() -> (
    None
):
    tiles, placed, truth = atlas()

    found = register_tiles(tiles, placed, seams(placed, truth, without={"4", "11"}), STAGE)

    rest = {name: pose for name, pose in truth.items() if name not in {"4", "11"}}
    kept = Registration(
        {name: found.poses[name] for name in rest}, found.turn_per_um, found.turn_sd
    )
    assert worst_um(kept, rest) < 0.3
    assert worst_um(found, truth) < 9


def test_vague_overlaps_that_roughly_agree_outweigh_a_stage_that_errs() -> None:
    tiles, placed, truth = atlas()
    found = seams(placed, truth, without={"11"})
    for name, off_um in (("8", 1.3), ("10", -1.3)):
        vague = match(truth[name], truth["11"], 0, (1.0, 0.0, 1.0))
        x_um, y_um = vague.other_um
        found[name, "11"] = (replace(vague, other_um=(x_um, y_um + off_um)),)
    x_um, y_um = tiles["11"].stage_um
    tiles["11"] = replace(tiles["11"], stage_um=(x_um + 5, y_um - 5))

    assert worst_um(register_tiles(tiles, placed, found, STAGE), truth) < 2.5


def test_without_overlaps_the_first_tile_keeps_its_site() -> None:
    tiles, placed, _ = atlas(1, 1)

    found = register_tiles(tiles, placed, {}, STAGE)

    assert found.poses == {"0": Pose(0.0, 0.0, 0.0)}
    assert register_tiles(tiles, {}, {}, STAGE).poses == {}


def test_the_order_of_the_tiles_decides_nothing() -> None:
    tiles, placed, truth = atlas()
    there = register_tiles(tiles, placed, seams(placed, truth), STAGE)
    back = register_tiles(
        dict(reversed(tiles.items())), dict(reversed(placed.items())), seams(placed, truth), STAGE
    )

    assert max(
        np.hypot(p.x_um - back.poses[n].x_um, p.y_um - back.poses[n].y_um)
        for n, p in there.poses.items()
    ) == pytest.approx(0, abs=1e-6)
