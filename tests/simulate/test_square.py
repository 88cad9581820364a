"""Squares: what counts as dirt, and how it is seen."""

from dataclasses import replace

import numpy as np
import pytest

from simulate.contamination import Dirt
from simulate.film import Foil, FoilKind
from simulate.ice import Ice
from simulate.square import DIRT_BIT, Square, SquareRecipe, render_square
from simulate.tears import TearKind
from tests.simulate.test_mesh import UPRIGHT

FOIL = Foil(FoilKind.R2_1, 0.2, 2.0, 3.0, 0.0, 0.8)
THIN = Ice(0.0, 10.0, 1.0, 0.0, (0.0, 0.0), 0.0, 0.0, 0.2, 4.0, 0.0, 0.0, 0.0)
CLEAN = Dirt(0, 0.5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


def square(dirt: Dirt, ice: Ice = THIN, tear: TearKind = TearKind.NONE, seed: int = 0) -> Square:
    recipe = SquareRecipe(0, 0, ice, dirt, tear, TearKind.NONE)
    return render_square(np.random.default_rng(seed), UPRIGHT, FOIL, recipe, 0.5)


def test_a_clean_square_of_thin_ice_is_the_best() -> None:
    severities = square(CLEAN).severities
    assert severities.contamination == 0
    assert severities.overall == pytest.approx(4, abs=0.3)


def test_soft_grey_dirt_at_the_bars_counts_less_than_as_much_opaque_dirt() -> None:
    grime = [square(replace(CLEAN, grime=6.0), seed=s) for s in range(8)]
    dirty = np.mean([s.condition.dirty for s in grime])
    touched = np.mean([np.mean(s.transmission < 0.75) for s in grime])
    assert 0 < dirty < touched


def test_clumps_at_the_bars_count_less_than_flakes_inside_and_are_still_marked() -> None:
    clumps = [square(replace(CLEAN, clumps=6.0), seed=s) for s in range(8)]
    flakes = [square(replace(CLEAN, flakes=1.0), seed=s) for s in range(8)]
    counted = [
        sum(s.condition.dirty for s in found) / sum(np.mean(s.mask == DIRT_BIT) for s in found)
        for found in (clumps, flakes)
    ]
    assert counted[0] < 0.85 * counted[1]
    assert all(np.any(s.mask & DIRT_BIT) for s in clumps)


@pytest.mark.parametrize("depth", [1.5, 2.2])
def test_dirt_in_a_drowned_window_is_still_seen(depth: float) -> None:
    drowned = replace(THIN, blanket=depth)
    dirt = replace(CLEAN, specks=40.0, speck_um=0.8)
    found = [square(dirt, drowned, seed=s) for s in range(4)]
    assert all(s.condition.dirty > 0.005 for s in found)
    assert all(np.any(s.mask & DIRT_BIT) for s in found)


def test_dark_spots_of_mottled_ice_are_dirt_and_an_even_shelf_is_none() -> None:
    shelf = replace(THIN, shelf=0.3, reach=0.8)
    even = [square(CLEAN, shelf, seed=s) for s in range(4)]
    mottled = [square(CLEAN, replace(shelf, mottle=0.7), seed=s) for s in range(4)]
    assert all(s.condition.dirty == 0 for s in even)
    assert all(s.condition.dirty > 0.01 for s in mottled)
    for s in mottled:
        spot, sound = s.mask == DIRT_BIT, (s.mask == 0) & (s.clean > 0.5)
        assert s.transmission[spot].mean() < 0.95 * s.transmission[sound].mean()


def test_a_cover_over_half_of_the_square_is_severe() -> None:
    found = [square(replace(CLEAN, cover=0.5), seed=s).severities.contamination for s in range(8)]
    assert min(found) >= 3


def test_where_all_film_is_gone_nothing_but_vacuum_is_left() -> None:
    found = [square(CLEAN, tear=TearKind.GONE, seed=s) for s in range(8)]
    assert all(s.severities.overall < 1 for s in found)
    assert np.median([np.median(s.transmission[s.transmission > 0.2]) for s in found]) > 0.95


def test_a_tear_in_thick_ice_is_seen_bright_faint_or_not_at_all() -> None:
    thick = replace(THIN, blanket=4.0)
    found = [square(CLEAN, thick, TearKind.RIPPED, seed=s) for s in range(60)]
    brightest = np.array([s.transmission.max() for s in found if s.condition.missing > 0.01])
    assert np.any(brightest > 0.9)
    assert np.any((brightest < 0.75) & (brightest > 0.05))
    assert any(s.condition.missing < 0.01 for s in found)
