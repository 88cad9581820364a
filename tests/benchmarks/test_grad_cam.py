"""Grad-CAM: the textbook's weighted sum of feature maps, one map per attended attribute."""

import torch

from benchmarks.grad_cam import grad_cam
from model.network import XCryoNet
from tests.model.samples import SIZE_PX, TINY


def test_grad_cam_weighs_each_feature_map_by_its_mean_gradient() -> None:
    torch.manual_seed(0)
    network = XCryoNet(TINY).eval()
    inputs = torch.rand(2, 1, SIZE_PX, SIZE_PX)
    maps = grad_cam(network, inputs)
    assert maps.shape == (2, 2, 8, 8)
    branches = network(inputs)
    cracking = branches.primary.attributes[:, 2].sum()
    [gradient] = torch.autograd.grad(cracking, branches.features)
    expected = (gradient.mean((2, 3), keepdim=True) * branches.features).sum(1).clamp(min=0)
    torch.testing.assert_close(maps[:, 0], expected.detach())
