"""Grad-CAM (Selvaraju et al. 2017) of a network's own scores: what learnt attention must beat."""

import torch
from torch import Tensor

from model.blocks import ATTRIBUTES
from model.network import ATTENDED, Branches, XCryoNet


def grad_cam(network: XCryoNet, inputs: Tensor, pitches: Tensor | None = None) -> Tensor:
    """Where the primary branch's features raise the score of each attended attribute.

    Args:
        network: in scoring mode.
        inputs: (n, 1, size, size).
        pitches: of their grids' meshes, um, (n,), NaN where unknown.

    Returns:
        (n, 2, h, w), not negative.
    """
    branches: Branches = network(inputs, pitches)
    maps = []
    for name in ATTENDED:
        score = branches.primary.attributes[:, ATTRIBUTES.index(name)].sum()
        [gradient] = torch.autograd.grad(score, branches.features, retain_graph=True)
        weight = gradient.mean((2, 3), keepdim=True)  # (n, c, 1, 1)
        maps.append(torch.relu((weight * branches.features).sum(1)).detach())
    return torch.stack(maps, dim=1)
