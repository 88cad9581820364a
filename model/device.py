"""Which device a network runs on."""

import torch

from model.checkpoint import CheckpointError


def find_device(name: str) -> str:
    """Give `cpu` or `cuda`.

    Args:
        name: `cpu`, `cuda`, or `auto` for CUDA where there is one.

    Raises:
        CheckpointError: if CUDA is asked for where there is none.
    """
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise CheckpointError("device: expected a CUDA GPU, found none")
    return name
