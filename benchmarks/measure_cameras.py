"""The weights that ship on labelled real squares as other cameras would show them."""

from collections.abc import Iterator, Mapping, Sequence

from benchmarks.cameras import BENDS, LEVELS, show, with_level
from benchmarks.figure import Figure
from benchmarks.measure_real import LABELS
from benchmarks.real_squares import REAL_SESSION
from model.evaluate import ALL_GRIDS, evaluate_crops, read_label_places
from model.metrics import Agreement
from model.predict import Scorer
from model.preprocess import Crop
from service.evaluate import evaluate_session

ASKED = (
    ("overall", "spearman"),
    ("overall", "auc"),
    ("cracking", "auc"),
    ("contamination", "spearman"),
    ("overall", "mae"),
)


def measure() -> Iterator[Figure]:
    """Bend every square, then score them all; nothing where there are none."""
    if not LABELS.is_file():
        return
    scorer = Scorer.load()
    plain = evaluate_session(scorer, read_label_places(LABELS), REAL_SESSION)
    for name, crops in bent(plain.crops).items():
        report = evaluate_crops(scorer, crops, plain.labels)
        yield from _figures(name, report.figures[ALL_GRIDS])
        refused = sum(score.overall is None for score in report.scores)
        yield Figure(f"squares that get no score, {name}", refused, "")


def bent(crops: Sequence[Crop]) -> dict[str, list[Crop]]:
    """All squares in every way."""
    shown = {
        name: [show(crop, bend, seed) for seed, crop in enumerate(crops)]
        for name, bend in BENDS.items()
    }
    return shown | {n: [with_level(crop, factor) for crop in crops] for n, factor in LEVELS.items()}


def _figures(name: str, found: Mapping[str, Agreement]) -> Iterator[Figure]:
    for score, figure in ASKED:
        value = getattr(found[score], figure)
        if value is not None:
            unit = "points" if figure == "mae" else ""
            yield Figure(f"{score}'s {figure}, {name}", value, unit)
