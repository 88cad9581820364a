"""Figures of agreement between scores and truth: error, rank correlation, AUC, coverage."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SCORES = ("brightness", "squareness", "cracking", "contamination", "overall")
"""Order of every score array."""

THRESHOLDS = {
    "brightness": 3.0,
    "squareness": 3.0,
    "cracking": 2.0,
    "contamination": 2.0,
    "overall": 3.0,
}
"""Truth from which a square counts as positive in the AUC."""

Values = NDArray[np.floating]


@dataclass(frozen=True)
class Agreement:
    """Agreement of one score with its truth; None where the truth does not allow the figure."""

    count: int
    mae: float
    spearman: float | None
    auc: float | None


def agreement(truth: Values, scores: Values, threshold: float) -> Agreement:
    """Compare scores (n,) with truth (n,).

    Args:
        truth: 0-4.
        scores: 0-4.
        threshold: truth from which a square counts as positive for the AUC.
    """
    error = float(np.abs(truth - scores).mean()) if len(truth) else float("nan")
    return Agreement(len(truth), error, spearman(truth, scores), auc(truth >= threshold, scores))


def ranks(values: Values) -> NDArray[np.float64]:
    """Ranks from 1, ties sharing their mean: (n,) to (n,)."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    mean = last - (counts - 1) / 2.0
    return np.asarray(mean[inverse], np.float64)


def spearman(truth: Values, scores: Values) -> float | None:
    """Rank correlation, -1 to 1, or None when either side is constant or shorter than three."""
    if len(truth) < 3:
        return None
    first, second = ranks(truth), ranks(scores)
    if first.std() == 0 or second.std() == 0:
        return None
    return float(np.corrcoef(first, second)[0, 1])


def auc(positive: NDArray[np.bool_], scores: Values) -> float | None:
    """Chance that a positive scores above a negative, or None when one of them is missing."""
    n = len(positive)
    n_positive = int(np.count_nonzero(positive))
    if n_positive in (0, n):
        return None
    total = float(ranks(scores)[positive].sum())
    return (total - n_positive * (n_positive + 1) / 2) / (n_positive * (n - n_positive))


def coverage(truth: Values, scores: Values, deviations: Values) -> float:
    """Share of truths within one predicted standard deviation; 0.68 when calibrated."""
    return float((np.abs(truth - scores) <= deviations).mean())


def sd_scale(truth: Values, scores: Values, deviations: Values) -> float:
    """Factor on the deviations that makes their coverage 68 % on these squares."""
    ratio = np.abs(truth - scores) / np.maximum(deviations, 1e-6)
    return float(np.quantile(ratio, 0.68))


def share_inside(attention: Values, mask: NDArray[np.bool_]) -> tuple[float, float] | None:
    """Share of a map's weight inside a mask, and the share that chance would put there.

    Args:
        attention: (h, w), above 0.
        mask: (h, w).

    Returns:
        None where the mask is empty.
    """
    if not mask.any():
        return None
    return float(attention[mask].sum() / attention.sum()), float(mask.mean())
