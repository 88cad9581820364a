"""One network trained by several processes, each on its GPU: what they share, under torchrun."""

import os
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


def average_gradients(gradients: list[Tensor | None]) -> None:
    """Replace gradients by their mean over all processes, in place, in one message.

    `DistributedDataParallel` would average what `backward` leaves behind; the paper's three steps
    ask for the gradients of chosen parameters alone, so the same sum is taken here.
    """
    if not distributed.is_initialized():
        return
    present = [g for g in gradients if g is not None]
    joined = torch.cat([g.flatten() for g in present])
    distributed.all_reduce(joined)
    joined /= distributed.get_world_size()
    start = 0
    for gradient in present:
        gradient.copy_(joined[start : start + gradient.numel()].view_as(gradient))
        start += gradient.numel()


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
