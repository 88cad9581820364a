"""Look at squares from four sides, a quarter turn apart: the mean of the four errs less."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from model.measured import measure
from model.network import Branches, Scores, XCryoNet

LOOKS = 4
"""How often a network sees each square."""


@dataclass(frozen=True)
class Looks:
    """The mean of all looks at n squares.

    Attributes:
        scores: (n, 5), 0-4.
        deviations: (n, 5), not calibrated: of the looks' own variances and of how far the looks
            are apart; None where the network gives none.
        maps: (n, 2, h, w), 0-1, upright; None without attention.
    """

    scores: Tensor
    deviations: Tensor | None
    maps: Tensor | None


def look_around(
    network: XCryoNet, inputs: Tensor, pitches: Tensor, map_px: int | None = None
) -> Looks:
    """Score squares with a network that is in scoring mode.

    Args:
        network: any.
        inputs: (n, 1, size, size), on the network's device.
        pitches: (n,), um, NaN where unknown.
        map_px: side of the maps; None: the network's own.
    """
    turned = torch.cat([inputs.rot90(turn, (2, 3)) for turn in range(LOOKS)])
    turned = turned.contiguous(memory_format=torch.channels_last)
    measured = measure(inputs).repeat(LOOKS, 1) if network.config.measured_input else None
    branches: Branches = network(turned, pitches.repeat(LOOKS), measured)
    scores, deviations = _mean_scores(branches.final)
    logits = branches.attention_logits
    maps = None if logits is None else _mean_maps(logits.float(), map_px)
    return Looks(scores, deviations, maps)


def _mean_scores(final: Scores) -> tuple[Tensor, Tensor | None]:
    """Mean and deviation of equally likely looks, each (n, 5)."""
    each = _by_look(final.stacked().float().clamp(0.0, 4.0))
    if final.log_variance is None:
        return each.mean(0), None
    within = torch.exp(_by_look(final.log_variance.float())).mean(0)
    return each.mean(0), (within + each.var(0, correction=0)).sqrt()


def _mean_maps(logits: Tensor, side: int | None) -> Tensor:
    """Maps turned back and averaged, (n, 2, side, side)."""
    if side is not None and logits.shape[-1] != side:
        logits = functional.interpolate(logits, (side, side), mode="bilinear", align_corners=False)
    maps = _by_look(torch.sigmoid(logits))
    return torch.stack([m.rot90(-turn, (2, 3)) for turn, m in enumerate(maps)]).mean(0)


def _by_look(rows: Tensor) -> Tensor:
    """(looks * n, ...) to (looks, n, ...)."""
    return rows.reshape(LOOKS, -1, *rows.shape[1:])
