"""Scoring squares with the weights that ship: preparing, networks alone, and the whole way."""

import time
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch

from benchmarks.figure import Figure, time_of
from model.checkpoint import load_checkpoint
from model.config import paper_network
from model.network import XCryoNet
from model.predict import CHUNK, DEFAULT_WEIGHTS, Scorer
from model.preprocess import CROP_SIZE_PX, Crop, encode, network_input

GRID = 250
"""Squares of the paper's grids."""


def measure() -> Iterator[Figure]:
    """Time a square in each part, then a whole grid."""
    crops = [_crop(seed) for seed in range(CHUNK)]
    scorer = Scorer.load(DEFAULT_WEIGHTS)
    device = scorer.device.type
    yield time_of("prepare one square", lambda: network_input(crops[0]))
    yield time_of(f"score one square, {device}", lambda: scorer.score(crops[:1]), 20)
    yield time_of(f"score {CHUNK} squares, {device}", lambda: scorer.score(crops), 10)
    grid = [crops[i % CHUNK] for i in range(GRID)]
    start = time.perf_counter()
    scorer.score(grid)
    yield Figure(f"score {GRID} squares, {device}", time.perf_counter() - start, "s")
    yield time_of(
        f"network that ships, {CHUNK} squares", _forward(load_checkpoint(DEFAULT_WEIGHTS)[0])
    )
    yield time_of(f"paper's network, {CHUNK} squares", _forward(XCryoNet(paper_network()).eval()))
    yield Figure("weights on disk", DEFAULT_WEIGHTS.stat().st_size / 1e6, "MB")


def _forward(network: XCryoNet) -> Callable[[], object]:
    """Make a pass of the network alone, float32 and channels last."""
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in the stub
    x = torch.rand(CHUNK, 1, network.config.input_px, network.config.input_px)
    run = partial(network, x.contiguous(memory_format=torch.channels_last))
    return torch.inference_mode()(run)


def _crop(seed: int) -> Crop:
    """Draw a window with some dirt in dark bars."""
    rng = np.random.default_rng(seed)
    film = np.full((CROP_SIZE_PX, CROP_SIZE_PX), 0.01)
    film[150:490, 150:490] = rng.normal(1.0, 0.03, (340, 340))
    film[200:230, 300:320] = 0.1
    return Crop(encode(film * 100.0, 512.0), 512.0, 100.0)
