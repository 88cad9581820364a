"""Are the standard deviations honest? As a picture: `python -m benchmarks.draw_reliability`."""

import argparse
from collections.abc import Sequence
from math import erf, sqrt
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmarks.held_out import PLAN, draw_held_out
from model.metrics import SCORES, coverage
from model.predict import DEFAULT_WEIGHTS, Scorer, SquareScore, Status

WIDTHS = np.linspace(0.1, 2.5, 25)
"""Half widths of the intervals that are drawn, in standard deviations."""

QUINTILES = 5

Column = NDArray[np.float64]


def draw(path: Path, truth: NDArray[np.float64], scores: Sequence[SquareScore]) -> None:
    """Write a PNG: how often intervals hold the truth, and errors beside what was expected.

    Args:
        path: of the picture.
        truth: (n, 5), in the order of `SCORES`.
        scores: n, all scored and with deviations.
    """
    figure = Figure(figsize=(11, 5), layout="constrained")
    left, right = figure.subplots(1, 2)
    for index, name in enumerate(SCORES):
        values = np.array([getattr(s, name) for s in scores], np.float64)
        spread = np.array([getattr(s, f"{name}_sd") for s in scores], np.float64)
        _draw_intervals(left, name, (truth[:, index], values, spread))
        _draw_errors(right, name, (truth[:, index], values, spread))
    nominal = [erf(k / sqrt(2)) for k in WIDTHS]
    left.plot(nominal, nominal, color="black", linestyle=":", label="honest")
    left.set(xlabel="interval's nominal share", ylabel="of truths in it", xlim=(0, 1), ylim=(0, 1))
    top = max(right.get_xlim()[1], right.get_ylim()[1])
    right.plot([0, top], [0, top], color="black", linestyle=":", label="honest")
    right.set(xlabel="standard deviation, mean of a fifth", ylabel="its root mean square error")
    left.legend()
    right.legend()
    figure.savefig(path, dpi=90)


def _draw_intervals(axes: Axes, name: str, columns: tuple[Column, Column, Column]) -> None:
    truth, values, spread = columns
    held = [coverage(truth, values, k * spread) for k in WIDTHS]
    axes.plot([erf(k / sqrt(2)) for k in WIDTHS], held, label=name)


def _draw_errors(axes: Axes, name: str, columns: tuple[Column, Column, Column]) -> None:
    """From the fifth of the squares that the network is surest of to the fifth it is least."""
    truth, values, spread = columns
    fifths = np.array_split(np.argsort(spread), QUINTILES)
    errors = [float(np.sqrt(np.mean((values[f] - truth[f]) ** 2))) for f in fifths]
    axes.plot([float(spread[f].mean()) for f in fifths], errors, marker="o", label=name)


def main() -> None:
    """Draw the picture of the weights that ship."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/reliability.png"))
    out = parser.parse_args().out
    scorer = Scorer.load(DEFAULT_WEIGHTS)
    held = draw_held_out(PLAN, scorer.card.config.network.reduction)
    scores = scorer.score(held.crops)
    scored = np.array([s.status is Status.SCORED for s in scores])
    draw(out, held.truth[scored], [s for s in scores if s.status is Status.SCORED])


if __name__ == "__main__":
    main()
