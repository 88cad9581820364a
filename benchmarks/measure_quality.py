"""The weights that ship, on simulated grids never trained on: errors, calibration, attention."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.figure import Figure
from benchmarks.held_out import PLAN, draw_held_out, look
from model.checkpoint import load_checkpoint
from model.metrics import SCORES, THRESHOLDS, agreement, coverage
from model.predict import DEFAULT_WEIGHTS, Scorer, SquareScore, Status


def measure() -> Iterator[Figure]:
    """Score squares as the worker does, then see where the network of the maps looks."""
    network = load_checkpoint(DEFAULT_WEIGHTS)[0]
    held = draw_held_out(PLAN, network.config.reduction)
    scores = Scorer.load(DEFAULT_WEIGHTS).score(held.crops)
    scored = np.array([s.status is Status.SCORED for s in scores])
    what = f"{int(scored.sum())} squares of {PLAN.grids} unseen simulated grids"
    given = [s for s in scores if s.status is Status.SCORED]
    for index, name in enumerate(SCORES):
        yield from _judge(name, held.truth[scored, index], given, what)
    for status, count in Counter(s.status for s in scores).items():
        yield Figure(f"squares that are {status}", 100 * count / len(scores), "%")
    for (name, kind), inside in look(network, held.squares).inside().items():
        where = f"in the defect, {inside.count} squares with {name}"
        yield Figure(f"{kind}'s weight {where}", 100 * inside.share, "%")
        yield Figure(f"the same by chance, {name}", 100 * inside.chance, "%")
        yield Figure(f"{kind}'s weight over chance {where}", inside.ratio, "x")


def _judge(
    name: str, truth: NDArray[np.float64], scores: Sequence[SquareScore], what: str
) -> Iterator[Figure]:
    """Error, ranks and how often one standard deviation covers the truth."""
    values = np.array([getattr(s, name) for s in scores], np.float64)
    found = agreement(truth, values, THRESHOLDS[name])
    yield Figure(f"{name} error, {what}", found.mae, "points")
    if found.spearman is not None:
        yield Figure(f"{name} Spearman", found.spearman, "")
    spread = [getattr(s, f"{name}_sd") for s in scores]
    if None not in spread:
        yield Figure(f"{name} within one sd", 100 * coverage(truth, values, np.array(spread)), "%")
