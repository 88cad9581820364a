"""Four looks: one answer whichever way a square lies, unsure where the looks disagree."""

import pytest
import torch
from torch import Tensor

from model.looks import Looks, look_around
from model.network import XCryoNet
from tests.model.samples import TINY

PITCHES = torch.tensor([90.0, torch.nan])


@pytest.fixture
def network() -> XCryoNet:
    torch.manual_seed(1)
    return XCryoNet(TINY).eval()


@pytest.fixture
def inputs() -> Tensor:
    side = TINY.input_px
    return torch.rand(2, 1, side, side, generator=torch.Generator().manual_seed(2))


@torch.inference_mode()
def look(network: XCryoNet, inputs: Tensor, map_px: int | None = None) -> Looks:
    return look_around(network, inputs, PITCHES, map_px)


@pytest.mark.parametrize("turn", [1, 2, 3])
@pytest.mark.parametrize("map_px", [None, 32])
def test_a_turned_square_gets_the_same_scores_and_turned_maps(
    network: XCryoNet, inputs: Tensor, turn: int, map_px: int | None
) -> None:
    upright = look(network, inputs, map_px)
    turned = look(network, inputs.rot90(turn, (2, 3)), map_px)
    measures_differ = 0.02  # their median is of every other pixel
    torch.testing.assert_close(turned.scores, upright.scores, atol=measures_differ, rtol=0)
    assert upright.maps is not None
    assert turned.maps is not None
    torch.testing.assert_close(turned.maps, upright.maps.rot90(turn, (2, 3)), atol=1e-5, rtol=0)


def test_deviations_are_those_of_a_mixture_of_the_looks(network: XCryoNet, inputs: Tensor) -> None:
    found = look(network, inputs)
    scores, variances = [], []
    with torch.inference_mode():
        for turn in range(4):
            final = network(inputs.rot90(turn, (2, 3)), PITCHES).final
            scores.append(final.stacked().clamp(0, 4))
            variances.append(final.log_variance.exp())
    apart = torch.stack(scores).var(0, correction=0)
    assert found.deviations is not None
    assert float(apart.max()) > 0
    expected = (torch.stack(variances).mean(0) + apart).sqrt()
    torch.testing.assert_close(found.deviations, expected, atol=0.02, rtol=0)
    torch.testing.assert_close(found.scores, torch.stack(scores).mean(0), atol=0.02, rtol=0)


def test_a_network_without_deviations_or_attention_gives_none(inputs: Tensor) -> None:
    plain = XCryoNet(TINY.model_copy(update={"attention": False, "uncertainty": False})).eval()
    found = look(plain, inputs)
    assert found.deviations is None
    assert found.maps is None
