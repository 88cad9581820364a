"""Losses: unlabelled squares do not count, and variances do not move the scores."""

import pytest
import torch

from model.losses import attended_loss, map_loss, supervised_loss, variance_loss
from model.network import Scores

NAN = float("nan")


def test_the_supervised_loss_adds_attributes_and_overall() -> None:
    scores = Scores(torch.tensor([[1.0, 1.0, 1.0, 1.0]]), torch.tensor([3.0]))
    labels = torch.tensor([[3.0, 1.0, 1.0, 1.0, 1.0]])
    assert float(supervised_loss(scores, labels)) == pytest.approx(4 / 4 + 4)


def test_errors_beyond_hubers_width_are_not_squared() -> None:
    scores = Scores(torch.tensor([[1.0, 1.0, 1.0, 1.0]]), torch.tensor([1.5]))
    labels = torch.tensor([[3.0, 1.0, 1.0, 1.0, 1.0]])
    assert float(supervised_loss(scores, labels, 1.0)) == pytest.approx(3 / 4 + 0.5**2)


def test_unlabelled_squares_do_not_count() -> None:
    scores = Scores(torch.ones(2, 4), torch.ones(2))
    one = torch.tensor([[2.0, 2.0, 2.0, 2.0, 2.0]])
    both = torch.cat([one, torch.full((1, 5), NAN)])
    known = Scores(scores.attributes[:1], scores.overall[:1])
    assert float(supervised_loss(scores, both)) == float(supervised_loss(known, one))
    assert float(attended_loss(torch.ones(2, 2), both)) == pytest.approx(2.0)
    assert float(supervised_loss(scores, torch.full((2, 5), NAN))) == 0.0


def test_scores_without_a_label_do_not_count() -> None:
    attributes = torch.tensor([[1.0, 2.0, 3.0, 1.0]], requires_grad=True)
    overall = torch.tensor([3.0], requires_grad=True)
    log_variance = torch.zeros(1, 5, requires_grad=True)
    labels = torch.tensor([[NAN, 4.0, NAN, 3.0, NAN]])
    scores = Scores(attributes, overall, log_variance)

    loss = supervised_loss(scores, labels) + variance_loss(scores, labels)
    loss = loss + attended_loss(attributes[:, 2:], labels)
    loss.backward()

    assert loss.item() == pytest.approx((4 + 4) / 2 + 0.5 * (4 + 4) / 2 + 4)
    for gradient, labelled in (
        (attributes.grad, [[False, True, False, True]]),
        (overall.grad, [False]),
        (log_variance.grad, [[False, True, False, True, False]]),
    ):
        assert gradient is not None
        assert ((gradient != 0) == torch.tensor(labelled)).all()


def test_maps_without_truth_do_not_count() -> None:
    logits = torch.zeros(2, 2, 4, 4)
    masks = torch.zeros(2, 2, 4, 4)
    masks[1] = NAN
    assert float(map_loss(logits, masks)) == pytest.approx(0.6931, abs=1e-3)
    assert float(map_loss(logits, torch.full_like(masks, NAN))) == 0.0


def test_the_variance_is_learnt_without_moving_the_score() -> None:
    overall = torch.tensor([1.0], requires_grad=True)
    log_variance = torch.zeros(1, 5, requires_grad=True)
    loss = variance_loss(Scores(torch.zeros(1, 4), overall, log_variance), torch.full((1, 5), 3.0))
    loss.backward()
    assert overall.grad is None
    assert log_variance.grad is not None
    assert (log_variance.grad < 0).all()  # errors of 2 and 3 want a larger variance than 1
