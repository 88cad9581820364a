"""One network trained by several processes, each on its GPU: what they share, under torchrun."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, distributed

from model.network import XCryoNet


@dataclass(frozen=True)
class Share:
    """Which of how many processes this one is; alone where nothing was spread."""

    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process writes what all have made."""
        return self.rank == 0


def join_others(device: str) -> Share:
    """Meet the other processes when torchrun started this one; each takes its own GPU.

    Args:
        device: `cpu` or `cuda`.
    """
    if not distributed.is_torchelastic_launched():
        return Share()
    if not distributed.is_initialized():
        if device == "cuda":
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))  # noqa: TID251  torchrun's own
        distributed.init_process_group("nccl" if device == "cuda" else "gloo")
    return Share(distributed.get_rank(), distributed.get_world_size())


def leave_others() -> None:
    """End what `join_others` began."""
    if distributed.is_initialized():
        distributed.destroy_process_group()


def average_gradients(
    gradients: Sequence[Tensor | None], parameters: Sequence[Tensor]
) -> list[Tensor | None]:
    """Give the mean of gradients over all processes, in one message.

    `DistributedDataParallel` would average what `backward` leaves behind; the paper's three steps
    ask for the gradients of chosen parameters alone, so the same sum is taken here.

    Args:
        gradients: this process's; None counts as zero where another process has one.
        parameters: of which they are.
    """
    if not distributed.is_initialized():
        return list(gradients)
    anywhere = torch.tensor([g is not None for g in gradients], device=parameters[0].device).int()
    distributed.all_reduce(anywhere)
    filled = [
        (torch.zeros_like(p) if g is None else g) if there else None
        for g, p, there in zip(gradients, parameters, anywhere.tolist(), strict=True)
    ]
    present = [g for g in filled if g is not None]
    joined = torch.cat([g.flatten() for g in present])
    distributed.all_reduce(joined)
    mean = joined / distributed.get_world_size()
    parts = iter(torch.split(mean, [g.numel() for g in present]))
    return [None if g is None else next(parts).view_as(g) for g in filled]


def same_buffers(network: XCryoNet) -> None:
    """Give every process the mean of the normalisations' statistics."""
    if not distributed.is_initialized():
        return
    for buffer in network.buffers():
        if buffer.is_floating_point():
            distributed.all_reduce(buffer)
            buffer /= distributed.get_world_size()


def wait_for_others() -> None:
    """Go on only when every process is here."""
    if distributed.is_initialized():
        distributed.barrier()
