"""The paper's three alternating steps, each with the parameters that it alone may change."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import AdamW

from model.config import TrainConfig
from model.losses import fusion_loss, primary_loss, reconstruction_loss
from model.network import ATTENDED, Branches, XCryoNet
from model.spread import average_gradients
from model.stream import Batch


@dataclass(frozen=True)
class Optimisers:
    """One per step: primary and attributes, attribute autoencoders, fusion."""

    primary: AdamW
    autoencoder: AdamW | None
    fusion: AdamW | None

    def present(self) -> dict[str, AdamW]:
        """Those that the configuration needs, by name."""
        every = {
            "primary": self.primary,
            "autoencoder": self.autoencoder,
            "fusion": self.fusion,
        }
        return {name: optimiser for name, optimiser in every.items() if optimiser is not None}


@dataclass(frozen=True)
class StepLosses:
    """Losses of one batch."""

    primary: float
    reconstruction: float | None
    autoencoder: float | None
    fusion: float | None


def make_optimisers(network: XCryoNet, config: TrainConfig) -> Optimisers:
    """One AdamW for each step, over the parameters that it trains."""

    def adam(modules: list[nn.Module]) -> AdamW:
        parameters = [p for m in modules for p in m.parameters() if p.requires_grad]
        return AdamW(parameters, lr=config.learning_rate, weight_decay=config.weight_decay)

    first: list[nn.Module] = [network.primary, network.primary_heads, network.primary_decoder]
    second: list[nn.Module] = []
    if network.fusion is not None:
        first.append(network.attention)
        for name in ATTENDED:
            branch = network.branch(name)
            first += [branch.encoder, branch.head]
            second += [branch.encoder, branch.decoder]
    return Optimisers(
        adam(first),
        adam(second) if second else None,
        adam([network.fusion]) if network.fusion is not None else None,
    )


def learning_rate(config: TrainConfig, step: int, total: int) -> float:
    """Linear warm-up, then half a cosine to a hundredth."""
    warm = max(int(config.warmup * total), 1)
    if step < warm:
        return config.learning_rate * (step + 1) / warm
    done = (step - warm) / max(total - warm, 1)
    return config.learning_rate * (0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * done)))


def train_batch(
    network: XCryoNet, optimisers: Optimisers, batch: Batch, config: TrainConfig, step: int
) -> StepLosses:
    """Take the three steps on one batch."""
    decode = config.semi_supervised and step % config.reconstruct_every == 0
    branches, primary, reconstruction = primary_step(
        network, optimisers.primary, batch, config, decode=decode
    )
    autoencoder = None
    if optimisers.autoencoder is not None and decode:
        weighted = tuple(w.detach() for w in branches.weighted)
        autoencoder = autoencoder_step(network, optimisers.autoencoder, weighted)
    fusion = None
    if optimisers.fusion is not None:
        fusion = fusion_step(optimisers.fusion, branches, batch.labels, config)
    return StepLosses(primary, reconstruction, autoencoder, fusion)


def primary_step(
    network: XCryoNet, optimiser: AdamW, batch: Batch, config: TrainConfig, *, decode: bool
) -> tuple[Branches, float, float | None]:
    """Step (1): features, primary and attribute heads, and the primary decoder."""
    with half_precision(batch.inputs.device):
        branches: Branches = network(batch.inputs, batch.pitches)
    branches = branches.float()
    if network.fusion is None:  # the primary heads are the final ones
        loss = fusion_loss(branches, batch.labels, config.huber)
    else:
        loss = primary_loss(branches, batch.labels, batch.masks, mask_weight=config.mask_weight)
    reconstruction = None
    if decode:
        decoded = network.primary_decoder(branches.features)
        reconstruction = reconstruction_loss(decoded, batch.inputs)
        loss = loss + config.reconstruction_weight * reconstruction
    _descend(optimiser, loss)
    return branches, float(loss.detach()), _value(reconstruction)


def autoencoder_step(network: XCryoNet, optimiser: AdamW, weighted: tuple[Tensor, ...]) -> float:
    """Step (2): all frozen but the attribute branches' encoders and decoders.

    Args:
        network: to train.
        optimiser: of those encoders and decoders.
        weighted: attention-weighted inputs, detached: no decoder may move the maps.
    """
    losses = [
        reconstruction_loss(network.branch(name).reconstruct(image), image)
        for name, image in zip(ATTENDED, weighted, strict=True)
    ]
    loss = torch.stack(losses).sum()
    _descend(optimiser, loss)
    return float(loss.detach())


def fusion_step(optimiser: AdamW, branches: Branches, labels: Tensor, config: TrainConfig) -> float:
    """Step (3): the fusion heads alone, on the features of step (1)'s forward pass."""
    loss = fusion_loss(branches, labels, config.huber)
    _descend(optimiser, loss)
    return float(loss.detach())


def half_precision(device: torch.device) -> torch.autocast:
    """bfloat16 on CUDA; a CPU without bfloat16 units would only be slower."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")


def _descend(optimiser: AdamW, loss: Tensor) -> None:
    """One step of one optimiser: gradients of its own parameters only, clipped to norm 5."""
    parameters = [p for group in optimiser.param_groups for p in group["params"]]
    own = torch.autograd.grad(loss, parameters, allow_unused=True)
    gradients = average_gradients(own, parameters)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient
    nn.utils.clip_grad_norm_(parameters, 5.0)
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)


def _value(loss: Tensor | None) -> float | None:
    return None if loss is None else float(loss.detach())
