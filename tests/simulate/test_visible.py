"""Truth as far as it shows: blur and noise hide dirt, and what is hidden is not held against it."""

from dataclasses import replace

import numpy as np
import pytest

from simulate.square import CRACK_BIT, DIRT_BIT, Square
from simulate.tears import TearKind
from simulate.view import View, draw_view
from simulate.visible import Sight, see
from tests.simulate.test_square import CLEAN, square

PIXEL_UM = 0.16
SPECKS = replace(CLEAN, specks=150.0, speck_um=0.35)


def a_view(blur_um: float = 0.1, electrons: float = 100.0) -> View:
    view = draw_view(np.random.default_rng(0))
    optics = replace(view.optics, blur_um=blur_um, electrons=electrons, scatter=0.0, leak=0.0)
    return replace(view, optics=optics)


def sight(of: Square, view: View) -> Sight:
    return see(of, view.optics, PIXEL_UM, PIXEL_UM)


def share_seen(of: Square, view: View) -> float:
    return sight(of, view).condition.dirty / of.condition.dirty


def test_opaque_flakes_show_in_any_view() -> None:
    flakes = square(replace(CLEAN, flakes=5.0))
    assert share_seen(flakes, a_view()) > 0.9
    assert share_seen(flakes, a_view(blur_um=0.7, electrons=14)) > 0.7


def test_the_more_blur_the_fewer_specks_show() -> None:
    specks = square(SPECKS)
    seen = [share_seen(specks, a_view(blur_um=blur)) for blur in (0.5, 0.9, 1.6)]
    assert 1 >= seen[0] > seen[1] > seen[2]
    assert seen[0] > 0.75
    assert seen[2] < 0.5


def test_noise_hides_pale_specks() -> None:
    pale = square(replace(SPECKS, pale=1.0))
    assert share_seen(pale, a_view(electrons=2)) < share_seen(pale, a_view(electrons=500)) / 2


def test_hidden_dirt_takes_nothing_from_overall() -> None:
    specks = square(SPECKS)
    blurred = sight(specks, a_view(blur_um=1.6)).severities
    assert blurred.contamination < specks.severities.contamination
    assert blurred.overall > specks.severities.overall
    assert blurred.cracking == specks.severities.cracking


def test_the_mask_loses_hidden_dirt_and_keeps_missing_film() -> None:
    torn = square(SPECKS, tear=TearKind.GONE)
    seen = sight(torn, a_view(blur_um=1.6)).mask
    np.testing.assert_array_equal(seen & CRACK_BIT, torn.mask & CRACK_BIT)
    assert not np.any(seen & ~torn.mask)
    assert np.count_nonzero(seen & DIRT_BIT) < np.count_nonzero(torn.mask & DIRT_BIT)


def test_a_clean_square_is_seen_as_clean() -> None:
    clean = square(CLEAN)
    assert sight(clean, a_view()).severities.contamination == pytest.approx(0)


def test_the_share_under_dirt_is_all_of_it_and_the_rubric_counts_less_at_the_edge() -> None:
    clumps = [square(replace(CLEAN, clumps=6.0), seed=s) for s in range(4)]
    seen = [sight(s, a_view()) for s in clumps]
    assert all(s.condition.dirty < 0.9 * s.dirty_share for s in seen)
