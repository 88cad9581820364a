"""The weights that ship, on simulated grids never trained on: errors, calibration, attention."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure
from benchmarks.grad_cam import grad_cam
from model.checkpoint import load_checkpoint
from model.dataset import read_dataset
from model.domain import why_not_a_square
from model.judge import add_inside, judge
from model.metrics import SCORES, coverage
from model.network import ATTENDED, XCryoNet
from model.predict import DEFAULT_WEIGHTS
from model.preprocess import film_units
from model.stream import Squares, load_rows, plain_batches
from simulate.dataset import DatasetPlan, write_dataset

PLAN = DatasetPlan(grids=12, squares_per_grid=20, seed=90210)
"""No training set has this seed."""


def measure() -> Iterator[Figure]:
    """Draw grids, judge the network on them."""
    network, card = load_checkpoint(DEFAULT_WEIGHTS)
    with tempfile.TemporaryDirectory() as folder:
        write_dataset(Path(folder) / "squares", PLAN)
        dataset = read_dataset(Path(folder) / "squares")
        refused = [
            why_not_a_square(film_units(dataset.crop(s)), s.mesh_pitch_um) for s in dataset.squares
        ]
        squares = load_rows(dataset, dataset.squares, network.config.reduction)
    judged = judge(network, squares)
    what = f"{len(squares)} squares of {PLAN.grids} unseen simulated grids"
    for index, name in enumerate(SCORES):
        truth, scores = judged.truth[:, index], judged.scores[:, index]
        yield Figure(f"{name} error, {what}", float(np.abs(truth - scores).mean()), "points")
        if judged.deviations is not None:
            spread = judged.deviations[:, index] * card.sd_scale[index]
            yield Figure(f"{name} within one sd", 100 * coverage(truth, scores, spread), "%")
    for name, ratio in judged.inside.items():
        yield Figure(f"{name} map's weight in the defect over chance", ratio, "x")
    for name, ratio in _grad_cam_inside(network, squares).items():
        yield Figure(f"{name} Grad-CAM's weight in the defect over chance", ratio, "x")
    yield Figure(f"wrongly out of domain, {what}", sum(r is not None for r in refused), "squares")


def _grad_cam_inside(network: XCryoNet, squares: Squares) -> dict[str, float]:
    """Mean over squares with the defect, as `judge` has it for the maps."""
    ratios: dict[str, list[float]] = {name: [] for name in ATTENDED}
    for batch in plain_batches(squares, 8, network.config.map_px):
        maps = grad_cam(network.eval(), batch.inputs).numpy()
        add_inside(ratios, maps, batch.masks.numpy())
    return {name: float(np.mean(found)) for name, found in ratios.items()}
