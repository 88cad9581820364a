"""The losses of the paper's three steps, and what the default weights add to them."""

import torch
from torch import Tensor
from torch.nn import functional

from model.network import Branches, Scores

_CRACKING = 2
_RARE = 4.0  # a defect's cell counts as so many sound ones


def supervised_loss(scores: Scores, labels: Tensor, huber: float | None = None) -> Tensor:
    """Mean square error of the attributes plus that of overall (paper, equation 2).

    Args:
        scores: of a pair of heads.
        labels: (n, 5); rows of NaN are unlabelled and do not count.
        huber: from this error on it counts by its size (not in the paper); None: always squared.
    """
    known = torch.isfinite(labels).all(1)  # (n,)
    if not known.any():
        return scores.overall.sum() * 0.0
    attributes = _error(scores.attributes[known], labels[known, :4], huber)
    return attributes + _error(scores.overall[known], labels[known, 4], huber)


def _error(scores: Tensor, labels: Tensor, huber: float | None) -> Tensor:
    if huber is None:
        return functional.mse_loss(scores, labels)
    return 2.0 * functional.huber_loss(scores, labels, delta=huber)


def attended_loss(scores: Tensor, labels: Tensor) -> Tensor:
    """Mean square error of each attribute branch on its own attribute, summed (equation 4).

    Args:
        scores: (n, 2), cracking and contamination.
        labels: (n, 5), as in `supervised_loss`.
    """
    known = torch.isfinite(labels).all(1)
    if not known.any():
        return scores.sum() * 0.0
    truth = labels[known, _CRACKING : _CRACKING + scores.shape[1]]
    return (scores[known] - truth).square().mean(0).sum()


def reconstruction_loss(decoded: Tensor, image: Tensor) -> Tensor:
    """Mean square error of a decoder's image (equation 3); both (n, 1, size, size)."""
    return functional.mse_loss(decoded, image)


def map_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """Cross entropy of the attention maps against the true defects (not in the paper).

    Args:
        logits: (n, 2, h, w), before the sigmoid.
        masks: (n, 2, h, w), share of each cell under the defect; NaN where no truth is known.
    """
    known = torch.isfinite(masks).flatten(1).all(1)
    if not known.any():
        return logits.sum() * 0.0
    weight = torch.tensor(_RARE, device=logits.device)
    return functional.binary_cross_entropy_with_logits(
        logits[known], masks[known], pos_weight=weight
    )


def variance_loss(scores: Scores, labels: Tensor) -> Tensor:
    """Gaussian likelihood of the errors under the predicted variances.

    The scores are detached: the mean stays a mean square estimate, as in the paper.
    """
    known = torch.isfinite(labels).all(1)
    if scores.log_variance is None:
        return scores.overall.sum() * 0.0
    if not known.any():
        return scores.log_variance.sum() * 0.0
    error = (scores.stacked()[known] - labels[known]).detach().square()
    log_variance = scores.log_variance[known].clamp(-8.0, 4.0)
    return 0.5 * (error * torch.exp(-log_variance) + log_variance).mean()


def primary_loss(
    branches: Branches, labels: Tensor, masks: Tensor, *, mask_weight: float
) -> Tensor:
    """Step (1) without the decoder: primary and attribute heads, and the maps' truth."""
    loss = supervised_loss(branches.primary, labels)
    if branches.attended_scores is not None and branches.attention_logits is not None:
        loss = loss + attended_loss(branches.attended_scores, labels)
        loss = loss + mask_weight * map_loss(branches.attention_logits, masks)
    return loss


def fusion_loss(branches: Branches, labels: Tensor, huber: float | None = None) -> Tensor:
    """Step (3): the final heads' scores and their variances."""
    scores = supervised_loss(branches.final, labels, huber)
    return scores + variance_loss(branches.final, labels)
