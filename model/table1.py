"""The paper's table 1 on a data set: four methods, few to many labels, several runs each."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import torch
from numpy.typing import NDArray

from model.average import Average
from model.config import NetworkConfig, RunConfig, TrainConfig, paper_network
from model.dataset import Dataset, DatasetError
from model.judge import judge
from model.metrics import SCORES
from model.network import XCryoNet
from model.runstate import RunState
from model.steps import make_optimisers
from model.stream import ALONE, Squares, choose_labelled, load_rows
from model.table1_runs import FinishedRuns, key_of
from model.train import run_epoch

HELD_OUT = 1 / 6
"""Share of the grids (or squares) that a run is judged on: 2 of 12 grids."""

_LEAST_GRIDS = 2
"""One to train on, one to be judged on."""


class SplitBy(StrEnum):
    """What the held-out squares are: whole grids, or squares of grids that were trained on."""

    GRID = "grid"
    SQUARE = "square"


class Recipe(StrEnum):
    """Network and training of every method: the paper's, or what the default weights add to it."""

    PAPER = "paper"
    DEFAULT = "default"


@dataclass(frozen=True)
class Method:
    """One line of the table, and what the paper found for it (figures in the order of scores)."""

    attention: bool
    semi_supervised: bool
    labelled: int
    paper: tuple[float, ...] | None = None

    @property
    def name(self) -> str:
        """As the paper calls it."""
        return "XCryoNet" if self.attention else "Primary"

    @property
    def supervision(self) -> str:
        """SS or FS."""
        return "SS" if self.semi_supervised else "FS"


PAPER = (
    Method(False, True, 100, (1.54, 1.85, 1.88, 1.93, 2.18)),
    Method(False, False, 100, (2.15, 1.49, 1.81, 1.63, 2.57)),
    Method(True, True, 100, (0.91, 1.08, 1.35, 1.23, 1.38)),
    Method(True, False, 100, (1.01, 1.23, 1.46, 1.31, 1.50)),
    Method(False, True, 500, (0.26, 0.53, 0.95, 0.64, 0.62)),
    Method(False, False, 500, (0.30, 0.54, 0.86, 0.62, 0.62)),
    Method(True, True, 500, (0.28, 0.53, 0.91, 0.66, 0.58)),
    Method(True, False, 500, (0.32, 0.57, 1.00, 0.75, 0.58)),
    Method(False, True, 900, (0.26, 0.51, 0.86, 0.64, 0.52)),
    Method(False, False, 900, (0.31, 0.49, 0.71, 0.62, 0.47)),
    Method(True, True, 900, (0.36, 0.55, 0.87, 0.62, 0.51)),
    Method(True, False, 900, (0.45, 0.66, 1.40, 0.79, 0.83)),
)
"""Table 1 of the paper: mean absolute errors on its own squares."""


@dataclass(frozen=True)
class Plan:
    """How large a table; the defaults are the paper's size."""

    labelled: tuple[int, ...] = (100, 500, 900)
    unlabelled: int = 1500
    runs: int = 4
    epochs: int = 75
    reduction: int = 1
    split: SplitBy = SplitBy.GRID
    seed: int = 0
    recipe: Recipe = Recipe.PAPER

    @property
    def is_papers(self) -> bool:
        """Whether nothing was made smaller."""
        return self == Plan(split=self.split, seed=self.seed, recipe=self.recipe)

    def methods(self) -> list[Method]:
        """The table's lines; a number of labels that the paper has not tried has no figures."""
        known = {(m.attention, m.semi_supervised, m.labelled): m for m in PAPER}
        kinds = ((False, True), (False, False), (True, True), (True, False))
        return [
            known.get((a, s, count), Method(a, s, count))
            for count in self.labelled
            for a, s in kinds
        ]


@dataclass(frozen=True)
class Line:
    """A method's mean absolute errors, (runs, 5), and with how many unlabelled squares at least."""

    method: Method
    errors: NDArray[np.float64]
    unlabelled: int


def measure_table(
    dataset: Dataset,
    plan: Plan,
    device: str = "cpu",
    progress: Callable[[str], object] = lambda _: None,
    runs: FinishedRuns | None = None,
) -> Iterator[Line]:
    """Train and judge every method as often as the plan says.

    Every run holds out other grids (or squares) and draws other labels; the methods of one run
    share both.

    Args:
        dataset: all of its labelled squares are used, whatever their split.
        plan: sizes.
        device: `cpu` or `cuda`.
        progress: called with a line about each run.
        runs: those that have ended already, which are not repeated; added to.

    Raises:
        DatasetError: if there are too few grids or labelled squares.
    """
    rows = tuple(s for s in dataset.squares if s.labels is not None)
    grids = len({s.grid for s in rows})
    if grids < _LEAST_GRIDS:
        raise DatasetError(
            f"{dataset.folder}: expected labelled squares of {_LEAST_GRIDS} grids or more, found"
            f" {grids}"
        )
    squares = load_rows(dataset, rows, plan.reduction)
    spare = _spare(squares, plan)
    if spare < 0:
        raise DatasetError(
            f"{dataset.folder}: expected {max(plan.labelled)} squares to train on beside those held"
            f" out, found {max(plan.labelled) + spare}"
        )
    finished, fingerprint = runs or FinishedRuns(None), dataset.fingerprint
    for method in plan.methods():
        errors = []
        for run in range(plan.runs):
            config = run_config(plan, method, plan.seed + run, dataset.header.size_px)
            about = f"{method.name} {method.supervision} {method.labelled}, run {run + 1}"
            key = key_of(config, fingerprint, plan.split)
            found = finished.find(key)
            if found is None:
                found = _one_run(squares, config, _held_out(squares, plan, run), device)
                finished.add(key, about, found)
            progress(f"{about}: " + " ".join(f"{error:.2f}" for error in found))
            errors.append(found)
        left = min(plan.unlabelled, spare + max(plan.labelled) - method.labelled)
        yield Line(method, np.array(errors), left if method.semi_supervised else 0)


def make_table(lines: Sequence[Line], plan: Plan, about: str) -> str:
    """Write the lines as a Markdown table beside the paper's figures."""
    unlabelled = min(
        (line.unlabelled for line in lines if line.method.semi_supervised), default=plan.unlabelled
    )
    size = (
        "the paper's sizes"
        if plan.is_papers and unlabelled == plan.unlabelled
        else f"REDUCED: {unlabelled} unlabelled (paper 1500), {plan.runs} runs (4),"
        f" {plan.epochs} epochs (75), crops reduced {plan.reduction}-fold (1)"
    )
    head = [
        f"{about}; held out by {plan.split}; {plan.recipe} recipe; {size}.",
        "",
        "Mean absolute error, mean ± deviation over runs (in brackets: the paper's mean, on its own"
        " data).",
        "",
        "| method | | labelled | unlabelled | " + " | ".join(SCORES) + " |",
        "|---|---|---:|---:|" + "---|" * len(SCORES),
    ]
    return "\n".join([*head, *(_row(line) for line in lines), ""])


def _row(line: Line) -> str:
    method = line.method
    means, deviations = line.errors.mean(0), line.errors.std(0)
    papers = method.paper or (None,) * len(SCORES)
    cells = [
        f"{mean:.2f} ± {deviation:.3f}" + ("" if paper is None else f" ({paper:.2f})")
        for mean, deviation, paper in zip(means, deviations, papers, strict=True)
    ]
    first = [method.name, method.supervision, str(method.labelled), str(line.unlabelled)]
    return "| " + " | ".join([*first, *cells]) + " |"


def _one_run(
    squares: Squares, config: RunConfig, held: NDArray[np.bool_], device: str
) -> NDArray[np.float64]:
    """Mean absolute error of each score, (5,)."""
    chosen = choose_labelled(squares.some(~held), config.train)
    torch.manual_seed(config.train.seed)
    network = XCryoNet(config.network).to(device)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in the stub
    average = Average(network, config.train.ema_decay)
    state = RunState(network, average, make_optimisers(network, config.train))
    for epoch in range(config.train.epochs):
        run_epoch(state, chosen, config, epoch, ALONE)
    return judge(state.average.network, squares.some(held)).errors()


def _held_out(squares: Squares, plan: Plan, run: int) -> NDArray[np.bool_]:
    return held_out(squares, plan.split, np.random.default_rng([plan.seed + run, 7]))


def _spare(squares: Squares, plan: Plan) -> int:
    """Squares that the run with the fewest has beside the most labelled ones."""
    fewest = min(int((~_held_out(squares, plan, run)).sum()) for run in range(plan.runs))
    return fewest - max(plan.labelled)


def run_config(plan: Plan, method: Method, seed: int, size_px: int) -> RunConfig:
    """Network and training of one run; the paper has no mask truth, augmentation or averages."""
    shape = {"size_px": size_px, "reduction": plan.reduction, "attention": method.attention}
    sizes = {
        "seed": seed,
        "epochs": plan.epochs,
        "labelled": method.labelled,
        "unlabelled": plan.unlabelled,
        "semi_supervised": method.semi_supervised,
    }
    if plan.recipe is Recipe.DEFAULT:
        network = NetworkConfig().model_copy(update=shape)
        return RunConfig(network=network, train=TrainConfig.model_validate(sizes))
    bare = {
        "huber": None,
        "mask_weight": 0.0,
        "ema_decay": 0.0,
        "balance": 0.0,
        "augment": None,
    }
    network = paper_network().model_copy(update=shape)
    return RunConfig(network=network, train=TrainConfig.model_validate(sizes | bare))


def held_out(squares: Squares, split: SplitBy, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw which squares a run is judged on, (n,)."""
    if split is SplitBy.SQUARE:
        return np.asarray(rng.permutation(len(squares)) < round(HELD_OUT * len(squares)), np.bool_)
    grids = sorted(set(squares.grids))
    kept = rng.permutation(len(grids))[: max(round(HELD_OUT * len(grids)), 1)]
    names = {grids[i] for i in kept}
    return np.array([grid in names for grid in squares.grids], np.bool_)
