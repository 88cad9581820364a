"""How much of a map lies in the true defect, in numbers that one can check in the head."""

import numpy as np
import pytest

from benchmarks.held_out import Looks, weigh


def masks_of(*shares: float) -> np.ndarray:
    """Masks of 10x10 cells whose first rows are under the defect."""
    masks = np.zeros((len(shares), 10, 10), np.float32)
    for mask, share in zip(masks, shares, strict=True):
        mask[: round(10 * share)] = 0.5
    return masks


def test_an_even_map_has_what_chance_gives() -> None:
    found = weigh(np.ones((2, 10, 10), np.float32), masks_of(0.1, 0.3))
    assert found.count == 2
    assert found.share == pytest.approx(0.2)
    assert found.chance == pytest.approx(0.2)
    assert found.ratio == pytest.approx(1.0)


def test_a_map_on_the_defect_is_its_inverse_area_over_chance() -> None:
    found = weigh(np.array(masks_of(0.1)), masks_of(0.1))
    assert found.share == pytest.approx(1.0)
    assert found.ratio == pytest.approx(10.0)


def test_squares_without_the_defect_do_not_count_and_an_empty_map_is_even() -> None:
    found = weigh(np.zeros((2, 10, 10), np.float32), masks_of(0.0, 0.5))
    assert found.count == 1
    assert found.ratio == pytest.approx(1.0)


def test_both_kinds_of_map_are_judged_for_both_defects() -> None:
    masks = np.stack([masks_of(0.1), masks_of(0.2)], axis=1)
    found = Looks(masks, np.ones_like(masks), masks).inside()
    assert found["cracking", "attention"].ratio == pytest.approx(10)
    assert found["contamination", "attention"].ratio == pytest.approx(5)
    assert found["contamination", "Grad-CAM"].ratio == pytest.approx(1)
