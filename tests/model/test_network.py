"""XCryoNet: shapes, ranges, independence of batch-mates, and the paper's configuration."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from model.attributes import brightness
from model.blocks import Context, fuse_norms
from model.config import FeatureConfig, NetworkConfig, paper_network
from model.measured import measured_brightness
from model.network import Attention, XCryoNet, attention_logits, scaled_to_own
from tests.model.samples import SIZE_PX, TINY


@pytest.fixture
def network() -> XCryoNet:
    torch.manual_seed(0)
    network = XCryoNet(TINY)
    network(torch.rand(8, 1, SIZE_PX, SIZE_PX))  # the norms see some data
    return network.eval()


def test_everything_has_its_shape_and_is_finite(network: XCryoNet) -> None:
    out = network(torch.rand(3, 1, SIZE_PX, SIZE_PX))
    assert out.final.stacked().shape == (3, 5)
    assert out.final.log_variance.shape == (3, 5)
    assert out.attended_scores.shape == (3, 2)
    assert out.attention_logits.shape == (3, 2, 8, 8)
    assert [w.shape for w in out.weighted] == [(3, 1, SIZE_PX, SIZE_PX)] * 2
    assert network.primary_decoder(out.features).shape == (3, 1, SIZE_PX, SIZE_PX)
    assert torch.isfinite(out.final.stacked()).all()


def test_the_default_maps_are_40_by_40_and_strictly_between_0_and_1() -> None:
    torch.manual_seed(0)
    network = XCryoNet(NetworkConfig()).eval()
    with torch.inference_mode():
        maps = torch.sigmoid(network(torch.rand(1, 1, 160, 160)).attention_logits)
    assert maps.shape == (1, 2, 40, 40)
    assert float(maps.min()) > 0
    assert float(maps.max()) < 1


@pytest.mark.parametrize("level", [0.0, 0.3, 0.8, 1.5])
def test_the_brightness_that_heads_are_told_is_the_papers(level: float) -> None:
    film = np.full((SIZE_PX, SIZE_PX), 0.01, np.float32)
    film[8:20, 8:24] = level
    told = measured_brightness(torch.from_numpy(np.sqrt(film))[None, None])
    assert float(told) == pytest.approx(brightness(film), abs=1e-5)


@pytest.mark.parametrize(("level", "becomes"), [(1.2, 1.0), (0.2, 1.0), (0.05, 0.5)])
def test_each_crop_is_also_seen_in_its_own_contrast(level: float, becomes: float) -> None:
    x = torch.zeros(1, 1, SIZE_PX, SIZE_PX)
    x[..., 8:20, 8:24] = level
    x[..., 10, 10] = 2.0  # a hot pixel scales nothing
    assert float(scaled_to_own(x)[0, 0, 12, 12]) == pytest.approx(becomes)


def test_batch_mates_change_nothing(network: XCryoNet) -> None:
    x = torch.rand(5, 1, SIZE_PX, SIZE_PX)
    with torch.inference_mode():
        together = network(x).final.stacked()
        alone = torch.cat([network(one[None]).final.stacked() for one in x])
    assert float((together - alone).abs().max()) < 1e-5


def test_folding_the_norms_changes_nothing(network: XCryoNet) -> None:
    x = torch.rand(2, 1, SIZE_PX, SIZE_PX)
    with torch.inference_mode():
        before = network(x).final.stacked()
        fuse_norms(network)
        after = network(x).final.stacked()
    assert float((after - before).abs().max()) < 1e-5


def test_each_attention_reads_its_own_half_of_the_channels() -> None:
    raw = torch.zeros(1, 4, 2, 2)
    raw[0, 1, 0, 0] = 5.0
    raw[0, 3, 1, 1] = -7.0
    logits = attention_logits(raw)
    assert logits[0, 0].tolist() == [[5.0, 0.0], [0.0, 0.0]]
    assert logits[0, 1].tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_the_papers_overall_follows_from_the_attributes_alone() -> None:
    heads = XCryoNet(paper_network().model_copy(update={"size_px": SIZE_PX})).primary_heads
    assert heads.overall.hidden.in_features == 4
    assert heads.log_variance is None


def test_the_primary_branch_works_alone() -> None:
    network = XCryoNet(TINY.model_copy(update={"attention": False})).eval()
    out = network(torch.rand(2, 1, SIZE_PX, SIZE_PX))
    assert out.final is out.primary
    assert out.attention_logits is None
    assert out.final.log_variance.shape == (2, 5)


def test_the_papers_network_has_none_of_the_additions() -> None:
    switches = {k: v for k, v in paper_network().model_dump().items() if isinstance(v, bool)}
    assert [name for name, on in switches.items() if on] == ["attention"]


def test_final_scores_are_both_heads_mean_and_the_primarys_learn_nothing_from_it(
    network: XCryoNet,
) -> None:
    x = torch.rand(2, 1, SIZE_PX, SIZE_PX)
    out = network(x)
    network.config = TINY.model_copy(update={"both_heads": False})
    fused = network(x).final.stacked()
    torch.testing.assert_close(out.final.stacked(), (fused + out.primary.stacked()) / 2)
    out.final.stacked().sum().backward()
    assert all(p.grad is None for p in network.primary_heads.parameters())


def test_a_configuration_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValidationError, match="one stride"):
        NetworkConfig(attribute=FeatureConfig(stem_channels=4, channels=(4, 4)))
    with pytest.raises(ValidationError, match="even number"):
        NetworkConfig(primary=FeatureConfig(stem_channels=4, stem_stride=2, channels=(4, 5)))
    with pytest.raises(ValidationError, match="divisor"):
        NetworkConfig(size_px=100)


def test_graded_maps_start_low_as_a_defect_is_rare_and_the_papers_do_not() -> None:
    raw = torch.zeros(1, 4, 2, 2)
    assert float(torch.sigmoid(Attention(graded=True)(raw)).detach().max()) < 0.01
    plain = Attention(graded=False)
    assert float(torch.sigmoid(plain(raw)).detach().max()) == 0.5
    assert not any(p.requires_grad for p in plain.parameters())


def test_with_context_a_place_knows_of_the_whole_crop() -> None:
    torch.manual_seed(0)
    context = Context(4).eval()
    dark, bright = torch.zeros(1, 4, 6, 6), torch.zeros(1, 4, 6, 6)
    bright[:, :, 0, 0] = 9.0
    with torch.inference_mode():
        context.distance.fill_(1.0)
        far, near = context(dark)[0, :, 0, 0], context(dark)[0, :, 3, 3]
        assert float((context(bright)[0, :, 5, 5] - context(dark)[0, :, 5, 5]).abs().max()) > 0.1
    assert (far >= near).all()


def test_the_mesh_pitch_moves_scores_and_no_map() -> None:
    network = XCryoNet(TINY).eval()
    x = torch.rand(2, 1, SIZE_PX, SIZE_PX)
    fine, coarse = (network(x, torch.full((2,), pitch)) for pitch in (63.0, 127.0))
    assert not torch.equal(fine.final.overall, coarse.final.overall)
    assert fine.attention_logits is not None
    assert torch.equal(fine.attention_logits, coarse.attention_logits)


def test_an_unknown_mesh_pitch_is_one_that_nobody_told() -> None:
    network = XCryoNet(TINY).eval()
    x = torch.rand(2, 1, SIZE_PX, SIZE_PX)
    told = network(x, torch.full((2,), torch.nan)).final.stacked()
    assert torch.equal(told, network(x).final.stacked())
    assert torch.isfinite(told).all()
