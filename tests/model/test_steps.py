"""The paper's three steps: each changes its own parameters and truly nothing else."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from model.config import TrainConfig
from model.network import XCryoNet
from model.steps import (
    autoencoder_step,
    fusion_step,
    learning_rate,
    make_optimisers,
    primary_step,
    train_batch,
)
from model.stream import Batch
from tests.model.samples import SIZE_PX, TINY

CONFIG = TrainConfig()


@pytest.fixture
def network() -> XCryoNet:
    torch.manual_seed(0)
    return XCryoNet(TINY).train()


@pytest.fixture
def batch() -> Batch:
    torch.manual_seed(1)
    masks = (torch.rand(4, 2, 8, 8) > 0.8).float()
    return Batch(
        torch.rand(4, 1, SIZE_PX, SIZE_PX), torch.full((4,), 84.6), 4 * torch.rand(4, 5), masks
    )


def changed_by(network: XCryoNet, act: Callable[[], object]) -> set[str]:
    """Names of modules, two levels deep in the branches, in which anything changed."""
    before = {k: v.clone() for k, v in network.state_dict().items()}
    act()
    return {part(k) for k, v in network.state_dict().items() if not torch.equal(v, before[k])}


def part(name: str) -> str:
    pieces = name.split(".")
    return ".".join(pieces[:3]) if pieces[0] == "branches" else pieces[0]


def test_step_1_trains_all_but_fusion_and_the_branches_decoders(
    network: XCryoNet, batch: Batch
) -> None:
    optimisers = make_optimisers(network, CONFIG)
    changed = changed_by(
        network, lambda: primary_step(network, optimisers.primary, batch, CONFIG, decode=True)
    )
    assert changed == {
        "standardised",
        "primary",
        "primary_heads",
        "primary_decoder",
        "attention",
        "branches.cracking.encoder",
        "branches.cracking.head",
        "branches.contamination.encoder",
        "branches.contamination.head",
    }


def test_step_2_trains_the_branches_encoders_and_decoders_alone(
    network: XCryoNet, batch: Batch
) -> None:
    optimisers = make_optimisers(network, CONFIG)
    weighted: tuple[Tensor, ...] = (batch.inputs, 1 - batch.inputs)
    optimiser = optimisers.autoencoder
    assert optimiser is not None
    changed = changed_by(network, lambda: autoencoder_step(network, optimiser, weighted))
    assert changed == {
        "branches.cracking.encoder",
        "branches.cracking.decoder",
        "branches.contamination.encoder",
        "branches.contamination.decoder",
    }


def test_step_3_trains_the_fusion_heads_alone(network: XCryoNet, batch: Batch) -> None:
    optimisers = make_optimisers(network, CONFIG)
    branches = network(batch.inputs)
    optimiser = optimisers.fusion
    assert optimiser is not None
    changed = changed_by(network, lambda: fusion_step(optimiser, branches, batch.labels, CONFIG))
    assert changed == {"fusion"}


def test_the_three_steps_lower_every_loss(network: XCryoNet, batch: Batch) -> None:
    optimisers = make_optimisers(network, TrainConfig(learning_rate=5e-3))
    losses = [train_batch(network, optimisers, batch, CONFIG, step) for step in range(60)]
    first, last = losses[0], losses[-1]
    assert last.primary < 0.7 * first.primary
    assert last.fusion is not None
    assert first.fusion is not None
    assert last.fusion < 0.7 * first.fusion
    assert (last.autoencoder or 9) < (first.autoencoder or 0)


def test_without_semi_supervision_no_decoder_moves(network: XCryoNet, batch: Batch) -> None:
    config = TrainConfig(semi_supervised=False)
    optimisers = make_optimisers(network, config)
    changed = changed_by(network, lambda: train_batch(network, optimisers, batch, config, 0))
    assert not {name for name in changed if "decoder" in name}


def test_the_rate_warms_up_and_cools_down() -> None:
    config = TrainConfig(learning_rate=1.0, warmup=0.1)
    rates = [learning_rate(config, step, 100) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == pytest.approx(1.0)
    assert rates[-1] < 0.02
