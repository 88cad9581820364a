"""`xcryonet benchmark`: how many squares this machine scores in a second; `table1`: the paper's."""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

from model import table1_command
from model.checkpoint import CheckpointError
from model.predict import Scorer, Status
from model.preprocess import CROP_SIZE_PX, Crop

BATCHES = (1, 8, 32)
LEAST_S = 2.0
"""How long each batch size is measured at least."""


class BenchmarkError(ValueError):
    """Nothing that could be timed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="default: the ones that ship")
    parser.add_argument("--json", action="store_true", help="for programs")
    others = parser.add_subparsers(dest="other", metavar="table1")
    table1_command.add_arguments(others.add_parser("table1", help="the paper's table 1 on DATA"))


def run(args: argparse.Namespace) -> int:
    """Measure; 1 when the weights or the data set cannot be loaded."""
    if args.other == "table1":
        return table1_command.run(args)
    try:
        scorer = Scorer.load(args.weights, args.device)
        rates = {batch: measure_rate(scorer, batch) for batch in BATCHES}
    except (CheckpointError, BenchmarkError) as error:
        sys.stderr.write(f"xcryonet benchmark: {error}\n")
        return 1
    device = str(scorer.device)
    if args.json:
        found = {"device": device, "model_id": scorer.model_id, "squares_per_s": rates}
        sys.stdout.write(f"{json.dumps(found, indent=2)}\n")
        return 0
    sys.stdout.write(f"model {scorer.model_id} on {device}\n")
    for batch, rate in rates.items():
        sys.stdout.write(f"{batch:3} squares at once: {rate:8.1f} squares/s\n")
    return 0


def measure_rate(scorer: Scorer, batch: int) -> float:
    """Measure squares per second, from decoded crops to scores, after one batch of warming up.

    Raises:
        BenchmarkError: the network scores no square of ours.
    """
    crops = [make_crop(seed) for seed in range(batch)]
    refused = [s.reason for s in scorer.score(crops) if s.status is not Status.SCORED]
    if refused:
        raise BenchmarkError(f"expected scores to time, found none: {refused[0]}")
    start_s, squares = time.perf_counter(), 0
    while time.perf_counter() - start_s < LEAST_S:
        squares += len(scorer.score(crops))
    return squares / (time.perf_counter() - start_s)


def make_crop(seed: int) -> Crop:
    """Make a crop that looks like a square to the scorer: noisy film inside a dark frame."""
    random = np.random.default_rng(seed)
    film, full_scale = 100.0, 400.0
    grey = np.full((CROP_SIZE_PX, CROP_SIZE_PX), 2.0)
    grey[130:-130, 130:-130] = random.normal(film, 10.0, (CROP_SIZE_PX - 260,) * 2)
    coded = np.rint(255 * np.sqrt(np.clip(grey / full_scale, 0, 1))).astype(np.uint8)
    return Crop(coded, full_scale, film)
