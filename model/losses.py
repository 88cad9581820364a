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
        labels: (n, 5); NaN is unlabelled and does not count.
        huber: from this error on it counts by its size (not in the paper); None: always squared.
    """
    attributes = _error(scores.attributes, labels[:, :4], huber)
    return attributes + _error(scores.overall, labels[:, 4], huber)


def _error(scores: Tensor, labels: Tensor, huber: float | None) -> Tensor:
    """Mean over what is labelled; 0 where nothing is."""
    known = torch.isfinite(labels)
    truth = torch.where(known, labels, scores.detach())
    if huber is None:
        errors = (scores - truth).square()
    else:
        errors = 2.0 * functional.huber_loss(scores, truth, reduction="none", delta=huber)
    return errors.sum() / known.sum().clamp(min=1)


def attended_loss(scores: Tensor, labels: Tensor) -> Tensor:
    """Mean square error of each attribute branch on its own attribute, summed (equation 4).

    Args:
        scores: (n, 2), cracking and contamination.
        labels: (n, 5), as in `supervised_loss`.
    """
    truth = labels[:, _CRACKING : _CRACKING + scores.shape[1]]
    columns = zip(scores.unbind(1), truth.unbind(1), strict=True)
    return torch.stack([_error(score, label, None) for score, label in columns]).sum()


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
    if scores.log_variance is None:
        return scores.overall.sum() * 0.0
    known = torch.isfinite(labels)
    error = (scores.stacked() - labels).detach().square()
    log_variance = scores.log_variance.clamp(-8.0, 4.0)
    likelihood = torch.where(known, error, 0.0) * torch.exp(-log_variance) + log_variance
    return 0.5 * torch.where(known, likelihood, 0.0).sum() / known.sum().clamp(min=1)


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
