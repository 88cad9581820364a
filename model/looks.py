"""Look at squares twice, as they are and turned by half: the mean of both errs less."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from model.measured import measure
from model.network import Branches, XCryoNet


@dataclass(frozen=True)
class Looks:
    """The mean of two looks at n squares.

    Attributes:
        scores: (n, 5), 0-4.
        deviations: (n, 5), not calibrated; None where the network gives none.
        maps: (n, 2, h, w), 0-1, upright; None without attention.
    """

    scores: Tensor
    deviations: Tensor | None
    maps: Tensor | None


def look_twice(
    network: XCryoNet, inputs: Tensor, pitches: Tensor, map_px: int | None = None
) -> Looks:
    """Score squares with a network that is in scoring mode.

    Args:
        network: any.
        inputs: (n, 1, size, size), on the network's device.
        pitches: (n,), um, NaN where unknown.
        map_px: side of the maps; None: the network's own.
    """
    both = torch.cat([inputs, inputs.flip(2, 3)]).contiguous(memory_format=torch.channels_last)
    measured = measure(both[: len(inputs)]).repeat(2, 1) if network.config.measured_input else None
    branches: Branches = network(both, pitches.repeat(2), measured)
    final, logits = branches.final, branches.attention_logits
    deviations = maps = None
    if final.log_variance is not None:
        deviations = _mean(torch.exp(0.5 * final.log_variance.float()))
    if logits is not None:
        straight, turned = torch.sigmoid(_enlarged(logits.float(), map_px)).chunk(2)
        maps = (straight + turned.flip(2, 3)) / 2
    return Looks(_mean(final.stacked().float().clamp(0.0, 4.0)), deviations, maps)


def _enlarged(logits: Tensor, side: int | None) -> Tensor:
    if side is None or logits.shape[-1] == side:
        return logits
    return functional.interpolate(logits, (side, side), mode="bilinear", align_corners=False)


def _mean(rows: Tensor) -> Tensor:
    straight, turned = rows.chunk(2)
    return (straight + turned) / 2
