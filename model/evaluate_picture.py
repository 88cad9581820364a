"""An evaluation as a picture: scatter of every score, and the worst squares with their maps."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from model.evaluate import ALL_GRIDS, Report
from model.metrics import SCORES
from model.preprocess import film_units

_WORST = 10


def draw_report(path: Path, report: Report) -> None:
    """Write a PNG: labels against scores on top, below the ten squares with the largest error."""
    names = [n for n in SCORES if n in report.figures[ALL_GRIDS]]
    figure = Figure(figsize=(16, 10), layout="constrained")
    halves = np.ravel(np.asarray(figure.subfigures(2, 1, height_ratios=[1.0, 1.3])))
    top, bottom = halves[0], halves[1]
    for axes, name in zip(np.ravel(top.subplots(1, len(names))), names, strict=True):
        _draw_scatter(axes, report, name)
    panels = bottom.subplots(3, _WORST, squeeze=False)
    for axes in np.ravel(panels):
        axes.set_axis_off()
    for column, index in enumerate(worst(report)):
        _draw_square(panels[:, column], report, index)
    figure.savefig(path, dpi=90)


def worst(report: Report) -> list[int]:
    """Indices of the squares whose overall score is furthest from its label, at most ten."""
    errors = []
    for index, (label, score) in enumerate(zip(report.labels, report.scores, strict=True)):
        if label.overall is not None and score.overall is not None:
            errors.append((abs(label.overall - score.overall), index))
    return [index for _, index in sorted(errors, reverse=True)[:_WORST]]


def _draw_scatter(axes: Axes, report: Report, name: str) -> None:
    for grid in sorted({label.grid for label in report.labels}):
        points = [
            (label.value(name), getattr(score, name))
            for label, score in zip(report.labels, report.scores, strict=True)
            if label.grid == grid
        ]
        known = np.array([p for p in points if None not in p], np.float64).reshape(-1, 2)
        axes.scatter(known[:, 0], known[:, 1], s=12, alpha=0.6, label=grid)
    found = report.figures[ALL_GRIDS][name]
    rank = "" if found.spearman is None else f", Spearman {found.spearman:.2f}"
    axes.plot([0, 4], [0, 4], color="grey", linewidth=0.5)
    axes.set(title=f"{name}: error {found.mae:.2f}{rank}", xlabel="label", ylabel="score")
    if len({label.grid for label in report.labels}) <= 5:
        axes.legend()


def _draw_square(panels: Sequence[Axes], report: Report, index: int) -> None:
    label, score = report.labels[index], report.scores[index]
    panels[0].imshow(film_units(report.crops[index]), cmap="gray", vmin=0, vmax=1.3)
    panels[0].set_title(f"{label.key}\nlabel {label.overall:.1f} score {score.overall:.1f}", size=8)
    maps = (score.attention_cracking, score.attention_contamination)
    for axes, attention, name in zip(panels[1:], maps, ("cracking", "contamination"), strict=True):
        if attention is not None:
            axes.imshow(attention, cmap="magma", vmin=0, vmax=255)
            axes.set_title(
                f"{name[:7]}. {label.value(name) or 0:.1f} / {getattr(score, name):.1f}", size=8
            )
