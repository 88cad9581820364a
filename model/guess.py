"""Self-training: a network's own scores stand in for labels that are missing."""

from dataclasses import replace

import numpy as np
import torch

from model.config import TrainConfig
from model.network import XCryoNet
from model.stream import Squares, plain_batches


@torch.inference_mode()
def guess_labels(
    network: XCryoNet, squares: Squares, config: TrainConfig, epoch: int, batch_size: int = 8
) -> Squares:
    """Give the squares with guesses for one epoch, scored as they are, without augmentation.

    Before `self_training` has begun, without unlabelled squares or without labelled ones they are
    given as they came.

    Args:
        network: whose scores to take; its mode is restored after.
        squares: of the run.
        config: of the run.
        epoch: 0-based.
        batch_size: squares scored at once.
    """
    known = np.asarray(np.isfinite(squares.labels).all(1), np.bool_)
    begins = config.self_training
    if begins is None or epoch < max(begins * config.epochs, 1) or known.all() or not known.any():
        return squares
    was_training = network.training
    network.eval()
    device = next(network.parameters()).device
    missing = squares.some(~known)
    guesses = squares.labels.copy()
    try:
        guesses[~known] = np.concatenate(
            [
                network(batch.inputs.to(device), batch.pitches.to(device))
                .final.stacked()
                .float()
                .clamp(0, 4)
                .cpu()
                .numpy()
                for batch in plain_batches(missing, batch_size, network.config.map_px)
            ]
        )
    finally:
        network.train(was_training)
    return replace(squares, guesses=guesses)
