"""Simulated squares of grids that no network was trained on, and where a network looks on them."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.grad_cam import grad_cam
from model.dataset import read_dataset
from model.looks import look_around
from model.metrics import SCORES, share_inside
from model.network import ATTENDED, XCryoNet
from model.preprocess import Crop
from model.stream import Squares, load_rows, plain_batches
from simulate.dataset import DatasetPlan, write_dataset

PLAN = DatasetPlan(grids=24, squares_per_grid=25, seed=90210)
"""No training set has this seed."""

Maps = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Squares as the worker gets them, and as training would see them.

    Attributes:
        crops: n of them.
        truth: (n, 5), 0-4, in the order of `SCORES`.
        squares: the same with their masks, for a network of `reduction`.
    """

    crops: tuple[Crop, ...]
    truth: NDArray[np.float64]
    squares: Squares


@dataclass(frozen=True)
class Inside:
    """How much of some maps' weight lies in the true defect, means over squares that have it.

    Attributes:
        count: such squares.
        share: of a map's weight, 0 to 1; a map that is 0 everywhere has its weight evenly.
        chance: share of the crop that the defect covers.
        ratio: mean of each square's share over its chance.
    """

    count: int
    share: float
    chance: float
    ratio: float


@dataclass(frozen=True, eq=False)
class Looks:
    """Where a network looks: attention and Grad-CAM beside the truth, each (n, 2, h, w)."""

    attention: Maps
    grad_cam: Maps
    masks: Maps

    def inside(self) -> dict[tuple[str, str], Inside]:
        """Judge both kinds of map, by defect and kind."""
        kinds = {"attention": self.attention, "Grad-CAM": self.grad_cam}
        return {
            (name, kind): weigh(maps[:, index], self.masks[:, index])
            for index, name in enumerate(ATTENDED)
            for kind, maps in kinds.items()
        }


def draw_held_out(plan: DatasetPlan, reduction: int) -> HeldOut:
    """Simulate the grids with the simulator as it is now."""
    with tempfile.TemporaryDirectory() as folder:
        write_dataset(Path(folder) / "squares", plan)
        dataset = read_dataset(Path(folder) / "squares")
        crops = tuple(dataset.crop(s) for s in dataset.squares)
        squares = load_rows(dataset, dataset.squares, reduction)
    labels = [s.labels for s in dataset.squares if s.labels is not None]
    truth = np.array([[getattr(row, name) for name in SCORES] for row in labels], np.float64)
    return HeldOut(crops, truth, squares)


def look(network: XCryoNet, squares: Squares) -> Looks:
    """Make a network's maps of squares, at the network's own resolution."""
    network.eval()
    parts = []
    for batch in plain_batches(squares, 8, network.config.map_px):
        with torch.inference_mode():
            maps = look_around(network, batch.inputs, batch.pitches).maps
        assert maps is not None
        cams = grad_cam(network, batch.inputs, batch.pitches)
        parts.append((maps.numpy(), cams.numpy(), batch.masks.numpy()))
    return Looks(*(np.concatenate(kind) for kind in zip(*parts, strict=True)))


def weigh(maps: Maps, masks: Maps) -> Inside:
    """Compare maps with true masks.

    Args:
        maps: (n, h, w), not negative.
        masks: (n, h, w), above 0 where the defect is.
    """
    found = [
        share_inside(each if each.any() else np.ones_like(each), mask > 0)
        for each, mask in zip(maps, masks, strict=True)
    ]
    known = np.array([pair for pair in found if pair is not None], np.float64).reshape(-1, 2)
    if not len(known):
        return Inside(0, float("nan"), float("nan"), float("nan"))
    share, chance = known.mean(0)
    return Inside(
        len(known), float(share), float(chance), float((known[:, 0] / known[:, 1]).mean())
    )
