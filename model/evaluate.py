"""Score labelled squares and say how well the scores agree with the labels, by grid."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from model.dataset import Grades
from model.metrics import SCORES, THRESHOLDS, Agreement, agreement
from model.predict import Scorer, SquareScore
from model.preprocess import Crop

ALL_GRIDS = "all"


class EvaluationError(ValueError):
    """Labels that cannot be read, or that do not fit the crops."""


class SquareLabel(BaseModel):
    """What someone or something says of a square; None where nothing was said."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    grid: str
    brightness: float | None = Field(default=None, ge=0, le=4)
    squareness: float | None = Field(default=None, ge=0, le=4)
    cracking: float | None = Field(default=None, ge=0, le=4)
    contamination: float | None = Field(default=None, ge=0, le=4)
    overall: float | None = Field(default=None, ge=0, le=4)

    @classmethod
    def of(cls, key: str, grid: str, labels: Grades) -> "SquareLabel":
        """Take a data set's labels."""
        return cls(key=key, grid=grid, **labels.model_dump())

    def value(self, name: str) -> float | None:
        """One score's label."""
        value = getattr(self, name)
        return None if value is None else float(value)


class LabelPlace(Grades):
    """A line of a labels file: some of the five scores, and which square of a session has them."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    key: str
    sample: int
    epu_node: int

    def label(self) -> SquareLabel:
        """The label alone, with the sample as its grid."""
        scores = {name: getattr(self, name) for name in SCORES}
        return SquareLabel.model_validate(
            {"key": self.key, "grid": f"Sample{self.sample}"} | scores
        )


@dataclass(frozen=True)
class Report:
    """Agreement by grid (`all` too) and score, with the rows it was made of.

    Attributes:
        model_id: of the scorer.
        figures: grid, then score name, to agreement; scores without labels are left out.
        labels: as given.
        scores: of the same squares; those not scored do not count, but are listed.
        crops: the pixels, for the picture.
        missing: keys of labelled squares that were not found and so count nowhere.
    """

    model_id: str
    figures: dict[str, dict[str, Agreement]]
    labels: tuple[SquareLabel, ...]
    scores: tuple[SquareScore, ...]
    crops: tuple[Crop, ...]
    missing: tuple[str, ...] = ()

    def as_json(self) -> str:
        """Everything but the pixels and maps."""
        squares = [
            {
                "key": label.key,
                "grid": label.grid,
                "status": str(score.status),
                "reason": score.reason,
                "label": {n: label.value(n) for n in SCORES},
                "score": {n: getattr(score, n) for n in SCORES},
                "sd": {n: getattr(score, f"{n}_sd") for n in SCORES},
            }
            for label, score in zip(self.labels, self.scores, strict=True)
        ]
        figures = {
            grid: {name: vars(found) for name, found in by_name.items()}
            for grid, by_name in self.figures.items()
        }
        content = {
            "model_id": self.model_id,
            "figures": figures,
            "squares": squares,
            "missing": self.missing,
        }
        return json.dumps(content, indent=2)

    def summary(self) -> str:
        """One line: which model, on how many squares, and how many count nowhere."""
        states = Counter(str(score.status) for score in self.scores)
        parts = [f"{count} {status}" for status, count in states.most_common()]
        parts += [f"{len(self.missing)} not found"] if self.missing else []
        return f"model {self.model_id}, {len(self.labels)} squares: {', '.join(parts)}"


def evaluate_crops(scorer: Scorer, crops: Sequence[Crop], labels: Sequence[SquareLabel]) -> Report:
    """Score crops and compare with their labels, each grid by itself and all together.

    Raises:
        EvaluationError: if there is not one label per crop, or none at all.
    """
    if len(crops) != len(labels) or not labels:
        raise EvaluationError(f"expected one label per crop, found {len(crops)}, {len(labels)}")
    scores = scorer.score(crops)
    grids = sorted({label.grid for label in labels})
    figures = {ALL_GRIDS: _figures(labels, scores)}
    for grid in grids if len(grids) > 1 else []:
        chosen = [i for i, label in enumerate(labels) if label.grid == grid]
        figures[grid] = _figures([labels[i] for i in chosen], [scores[i] for i in chosen])
    return Report(scorer.model_id, figures, tuple(labels), tuple(scores), tuple(crops))


def read_label_places(path: Path) -> list[LabelPlace]:
    """Read a labels file: a JSON list, one object per square.

    Raises:
        EvaluationError: if it is missing, no such list, or a row is wrong.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EvaluationError(f"{path}: expected a JSON list of labels ({error})") from error
    if not isinstance(rows, list):
        raise EvaluationError(f"{path}: expected a list, found {type(rows).__name__}")
    places = []
    for number, row in enumerate(rows):
        try:
            places.append(LabelPlace.model_validate(row))
        except ValidationError as error:
            raise EvaluationError(f"{path}, row {number}: {error}") from error
    return places


def _figures(labels: Sequence[SquareLabel], scores: Sequence[SquareScore]) -> dict[str, Agreement]:
    found = {}
    for name in SCORES:
        pairs = [(la.value(name), getattr(sc, name)) for la, sc in zip(labels, scores, strict=True)]
        known = np.array([p for p in pairs if None not in p], np.float64)
        if len(known):
            truth: NDArray[np.float64] = known[:, 0]
            found[name] = agreement(truth, known[:, 1], THRESHOLDS[name])
    return found
