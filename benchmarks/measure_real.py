"""The weights that ship on labelled real squares, by grid, where ../shared has some."""

from collections.abc import Iterator

from benchmarks.figure import Figure
from benchmarks.real_squares import REAL_SESSION, SHARED
from model.evaluate import read_label_places
from model.predict import Scorer
from service.evaluate import evaluate_session

LABELS = SHARED / "real-squares" / "labels.json"


def measure() -> Iterator[Figure]:
    """Score the squares as the service would; nothing where there are none."""
    if not LABELS.is_file():
        return
    report = evaluate_session(Scorer.load(), read_label_places(LABELS), REAL_SESSION)
    for grid, by_name in report.figures.items():
        for name, found in by_name.items():
            what = (
                f"{name}, {found.count} squares of {grid} grids"
                if grid == "all"
                else (f"{name}, {found.count} squares of {grid}")
            )
            yield Figure(f"error of {what}", found.mae, "points")
            if found.spearman is not None:
                yield Figure(f"Spearman of {what}", found.spearman, "")
            if found.auc is not None:
                yield Figure(f"AUC of {what}", found.auc, "")
