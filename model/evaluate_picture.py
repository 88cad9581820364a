"""An evaluation as a picture: scatter of every score, and the worst squares with their maps."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from model.evaluate import ALL_GRIDS, Report
from model.metrics import SCORES, THRESHOLDS, Agreement
from model.network import ATTENDED
from model.preprocess import film_units

_WORST = 10
_GRIDS_NAMED = 6
_BRIGHTEST = 1.3
_APART = 0.06


def draw_report(path: Path, report: Report) -> None:
    """Write a PNG: labels against scores on top, below the ten squares with the largest error."""
    names = [n for n in SCORES if n in report.figures[ALL_GRIDS]]
    figure = Figure(figsize=(18, 12), layout="constrained")
    figure.suptitle(report.summary())
    halves = np.ravel(np.asarray(figure.subfigures(2, 1, height_ratios=[1.0, 1.15])))
    top, bottom = halves[0], halves[1]
    scatters = np.ravel(top.subplots(1, max(len(names), 1)))
    for axes, name in zip(scatters, names, strict=bool(names)):
        _draw_scatter(axes, report, name)
    bottom.suptitle("furthest from their label of overall (label, then score)")
    panels = bottom.subplots(1 + len(ATTENDED), _WORST, squeeze=False)
    for axes in np.ravel(panels):
        axes.set(xticks=[], yticks=[], frame_on=False)
    for column, index in enumerate(worst(report)):
        _draw_square(panels[:, column], report, index)
    for axes, name in zip(panels[:, 0], ("square", *ATTENDED), strict=True):
        axes.set_ylabel(name)
    figure.savefig(path, dpi=80)


def worst(report: Report) -> list[int]:
    """Indices of the squares whose overall score is furthest from its label, at most ten."""
    errors = []
    for index, (label, score) in enumerate(zip(report.labels, report.scores, strict=True)):
        if label.overall is not None and score.overall is not None:
            errors.append((abs(label.overall - score.overall), index))
    return [index for _, index in sorted(errors, reverse=True)[:_WORST]]


def _draw_scatter(axes: Axes, report: Report, name: str) -> None:
    grids = sorted({label.grid for label in report.labels})
    axes.plot([0, 4], [0, 4], color="grey", linewidth=0.5)
    axes.axvline(THRESHOLDS[name], color="grey", linewidth=0.5, linestyle=":")
    for grid in grids:
        points = _points(report, grid, name)
        # labels are few whole steps: drawn a little apart, or they hide each other
        apart = np.random.default_rng(0).uniform(-_APART, _APART, len(points))
        found = report.figures.get(grid, report.figures[ALL_GRIDS]).get(name)
        title = grid if found is None else f"{grid}: {_figures(found)}"
        axes.scatter(points[:, 0] + apart, points[:, 1], s=12, alpha=0.6, label=title)
    whole = _figures(report.figures[ALL_GRIDS][name])
    axes.set(title=f"{name}: {whole}", xlabel="label", ylabel="score", aspect="equal")
    axes.set(xlim=(-0.2, 4.2), ylim=(-0.2, 4.2), xticks=range(5), yticks=range(5))
    if 1 < len(grids) <= _GRIDS_NAMED:
        axes.legend(fontsize=8, loc="upper left")


def _points(report: Report, grid: str, name: str) -> NDArray[np.float64]:
    """Labels and scores of a grid's squares that have both, (n, 2)."""
    points = [
        (label.value(name), getattr(score, name))
        for label, score in zip(report.labels, report.scores, strict=True)
        if label.grid == grid
    ]
    return np.array([p for p in points if None not in p], np.float64).reshape(-1, 2)


def _figures(found: Agreement) -> str:
    parts = [f"error {found.mae:.2f}"]
    parts += [] if found.spearman is None else [f"rank {found.spearman:.2f}"]
    parts += [] if found.auc is None else [f"AUC {found.auc:.2f}"]
    return ", ".join(parts)


def _draw_square(panels: Sequence[Axes], report: Report, index: int) -> None:
    label, score = report.labels[index], report.scores[index]
    film = np.sqrt(np.clip(film_units(report.crops[index]), 0, _BRIGHTEST**2))
    panels[0].imshow(film, cmap="gray", vmin=0, vmax=_BRIGHTEST)
    sd = "" if score.overall_sd is None else f" ± {score.overall_sd:.1f}"
    panels[0].set_title(f"{label.key}\n{label.overall:.1f}, {score.overall:.1f}{sd}", size=9)
    maps = (score.attention_cracking, score.attention_contamination)
    for axes, attention, name in zip(panels[1:], maps, ATTENDED, strict=True):
        if attention is not None:
            axes.imshow(attention, cmap="magma", vmin=0, vmax=255)
        given = label.value(name)
        said = "no label" if given is None else f"{given:.1f}"
        axes.set_title(f"{said}, {getattr(score, name):.1f}", size=9)
