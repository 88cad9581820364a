"""Judge a network on squares with known truth: scores, errors, calibration, attention."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from model.looks import look_twice
from model.metrics import SCORES, agreement, coverage, sd_scale, share_inside
from model.network import ATTENDED, XCryoNet
from model.stream import Squares, plain_batches

USABLE = 3.0
"""Overall from which a square counts as usable."""
DEFECT = 2.0
"""Severity from which a square counts as cracked or contaminated."""


@dataclass(frozen=True)
class Judgement:
    """Scores (n, 5) and deviations (n, 5) or None beside the truth (n, 5); attention by square.

    Attributes:
        scores: clipped to 0-4.
        deviations: as the network gives them, not calibrated.
        truth: labels.
        inside: for each attended attribute, share of the map's weight in the true mask over the
            share that chance would put there, averaged over squares that have the defect.
    """

    scores: NDArray[np.float64]
    deviations: NDArray[np.float64] | None
    truth: NDArray[np.float64]
    inside: dict[str, float]

    def mae(self) -> float:
        """Mean absolute error over the five scores."""
        return float(np.abs(self.scores - self.truth).mean())

    def figures(self) -> dict[str, float]:
        """Every figure by name, `<score>/<figure>`, without those that the truth does not allow."""
        result: dict[str, float] = {}
        for index, name in enumerate(SCORES):
            level = DEFECT if name in ATTENDED else USABLE
            found = agreement(self.truth[:, index], self.scores[:, index], level)
            figures = {"mae": found.mae, "spearman": found.spearman, "auc": found.auc}
            result |= {f"{name}/{k}": v for k, v in figures.items() if v is not None}
            if self.deviations is not None:
                columns = (self.truth[:, index], self.scores[:, index], self.deviations[:, index])
                result[f"{name}/coverage"] = coverage(*columns)
        return result | {f"{name}/inside_over_chance": v for name, v in self.inside.items()}

    def sd_scales(self) -> tuple[float, ...]:
        """Factors that make each score's deviations cover 68 % of these squares."""
        if self.deviations is None:
            return (1.0,) * len(SCORES)
        return tuple(
            sd_scale(self.truth[:, i], self.scores[:, i], self.deviations[:, i])
            for i in range(len(SCORES))
        )


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
            looks = look_twice(network, batch.inputs.to(device), batch.pitches.to(device))
            scores.append(looks.scores.cpu().numpy())
            if looks.deviations is not None:
                deviations.append(looks.deviations.cpu().numpy())
            truth.append(batch.labels.numpy())
            if looks.maps is not None:
                add_inside(inside, looks.maps.cpu().numpy(), batch.masks.numpy())
    finally:
        network.train(was_training)
    known = np.isfinite(np.concatenate(truth)).all(1)
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
