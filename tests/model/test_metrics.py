"""Figures of agreement on numbers one can check in the head."""

import numpy as np
import pytest

from model.metrics import agreement, auc, coverage, ranks, sd_scale, share_inside, spearman

A = np.array


def test_ties_share_their_mean_rank() -> None:
    assert ranks(A([3.0, 1.0, 3.0, 2.0])).tolist() == [3.5, 1.0, 3.5, 2.0]


def test_spearman_sees_order_alone() -> None:
    assert spearman(A([0.0, 1, 2, 3]), A([0.0, 1, 8, 27])) == pytest.approx(1.0)
    assert spearman(A([0.0, 1, 2, 3]), A([3.0, 2, 1, 0])) == pytest.approx(-1.0)


def test_spearman_of_a_constant_is_unknown() -> None:
    assert spearman(A([1.0, 1, 1]), A([1.0, 2, 3])) is None
    assert spearman(A([1.0, 2]), A([1.0, 2])) is None


def test_auc_is_the_chance_that_a_positive_is_above() -> None:
    positive = A([True, True, False, False])
    assert auc(positive, A([3.0, 1.0, 2.0, 0.0])) == 0.75
    assert auc(positive, A([1.0, 1, 1, 1])) == 0.5
    assert auc(A([True, True]), A([1.0, 2.0])) is None


def test_agreement_gathers_them() -> None:
    found = agreement(A([0.0, 1, 4]), A([1.0, 1, 3]), 3.0)
    assert found.count == 3
    assert found.mae == pytest.approx(2 / 3)
    assert found.auc == 1.0


def test_the_scale_makes_two_thirds_of_the_intervals_cover() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(0, 2, 2000)
    scores, deviations = np.zeros(2000), np.ones(2000)
    scale = sd_scale(truth, scores, deviations)
    assert scale == pytest.approx(2.0, rel=0.1)
    assert coverage(truth, scores, deviations * scale) == pytest.approx(0.68, abs=0.01)


def test_a_map_inside_the_mask_beats_chance() -> None:
    mask = np.zeros((4, 4), bool)
    mask[0, 0] = True
    attention = np.full((4, 4), 0.1)
    attention[0, 0] = 1.5
    assert share_inside(attention, mask) == (pytest.approx(0.5), pytest.approx(1 / 16))
    assert share_inside(attention, np.zeros((4, 4), bool)) is None
