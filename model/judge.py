"""Judge a network on squares with known truth: scores, errors, calibration, attention."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from model.looks import look_around
from model.metrics import SCORES, THRESHOLDS, agreement, coverage, sd_scale, share_inside
from model.network import ATTENDED, XCryoNet
from model.stream import Squares, plain_batches

NOT_SCALED = (1.0,) * len(SCORES)
"""Deviations as a network gives them."""

Column = NDArray[np.float64]


@dataclass(frozen=True)
class Judgement:
    """Scores (n, 5) and deviations (n, 5) or None beside the truth (n, 5); attention by square.

    Attributes:
        scores: clipped to 0-4.
        deviations: as the network gives them, not calibrated.
        truth: labels, NaN where a square has no such label.
        inside: for each attended attribute, share of the map's weight in the true mask over the
            share that chance would put there, averaged over squares that have the defect.
    """

    scores: NDArray[np.float64]
    deviations: NDArray[np.float64] | None
    truth: NDArray[np.float64]
    inside: dict[str, float]

    def mae(self) -> float:
        """Mean absolute error over what is labelled."""
        return float(np.abs(self.scores - self.truth)[np.isfinite(self.truth)].mean())

    def errors(self) -> NDArray[np.float64]:
        """Mean absolute error of each score, (5,); NaN where no square has its label."""
        columns = (self._column(index) for index in range(len(SCORES)))
        means = [
            np.abs(scores - truth).mean() if len(truth) else np.nan for truth, scores, _ in columns
        ]
        return np.array(means, np.float64)

    def figures(self) -> dict[str, float]:
        """Every figure by name, `<score>/<figure>`, without those that the truth does not allow."""
        result: dict[str, float] = {}
        for index, name in enumerate(SCORES):
            truth, scores, deviations = self._column(index)
            if not len(truth):
                continue
            found = agreement(truth, scores, THRESHOLDS[name])
            figures = {"mae": found.mae, "spearman": found.spearman, "auc": found.auc}
            result |= {f"{name}/{k}": v for k, v in figures.items() if v is not None}
            if deviations is not None:
                result[f"{name}/coverage"] = coverage(truth, scores, deviations)
        return result | {f"{name}/inside_over_chance": v for name, v in self.inside.items()}

    def sd_scales(self, otherwise: Sequence[float] = NOT_SCALED) -> tuple[float, ...]:
        """Factors that make each score's deviations cover 68 % of these squares.

        Args:
            otherwise: of the scores that no square has a label for.
        """
        scales = list(otherwise)
        for index in range(len(SCORES)):
            truth, scores, deviations = self._column(index)
            if deviations is not None and len(truth):
                scales[index] = sd_scale(truth, scores, deviations)
        return tuple(scales)

    def _column(self, index: int) -> tuple[Column, Column, Column | None]:
        """Truth, scores and deviations of one score, where it is labelled."""
        known = np.isfinite(self.truth[:, index])
        spread = None if self.deviations is None else self.deviations[known, index]
        return self.truth[known, index], self.scores[known, index], spread


@torch.inference_mode()
def judge(network: XCryoNet, squares: Squares, batch_size: int = 8) -> Judgement:
    """Score all labelled squares as a worker would, in scoring mode; the mode is restored after."""
    was_training = network.training
    network.eval()
    device = next(network.parameters()).device
    scores, deviations, truth = [], [], []
    inside: dict[str, list[float]] = {name: [] for name in ATTENDED}
    map_px = network.config.map_px
    try:
        for batch in plain_batches(squares, batch_size, map_px):
            looks = look_around(network, batch.inputs.to(device), batch.pitches.to(device))
            scores.append(looks.scores.cpu().numpy())
            if looks.deviations is not None:
                deviations.append(looks.deviations.cpu().numpy())
            truth.append(batch.labels.numpy())
            if looks.maps is not None:
                add_inside(inside, looks.maps.cpu().numpy(), batch.masks.numpy())
    finally:
        network.train(was_training)
    known = np.isfinite(np.concatenate(truth)).any(1)
    spread = np.concatenate(deviations)[known].astype(np.float64) if deviations else None
    return Judgement(
        np.concatenate(scores)[known].astype(np.float64),
        spread,
        np.concatenate(truth)[known].astype(np.float64),
        {name: float(np.mean(ratios)) for name, ratios in inside.items() if ratios},
    )


def add_inside(
    inside: dict[str, list[float]], maps: NDArray[np.floating], masks: NDArray[np.floating]
) -> None:
    """Add a batch's `inside_over_chance` of each attended attribute; both (n, 2, h, w)."""
    for index, name in enumerate(ATTENDED):
        inside[name] += inside_over_chance(maps[:, index], masks[:, index])


def inside_over_chance(maps: NDArray[np.floating], masks: NDArray[np.floating]) -> list[float]:
    """Share of each map's weight inside its true mask over the share that chance would put there.

    Args:
        maps: (n, h, w), not negative.
        masks: (n, h, w), above 0 where the defect is; NaN where no truth is known.

    Returns:
        One ratio for each map whose square has the defect and that is not 0 everywhere.
    """
    ratios = []
    for attention, mask in zip(maps, masks, strict=True):
        found = share_inside(attention, mask > 0) if attention.any() else None
        if found is not None:
            ratios.append(found[0] / found[1])
    return ratios
