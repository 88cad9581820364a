"""The ranked list in the formats of other programs: CSV, JSON, SerialEM, Athena and Ptolemy."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from service.errors import ConflictError
from service.schemas import AtlasAnswer, DecisionAnswer, GridAnswer, SquareAnswer
from service.tables import DecisionKind

LARGEST_RESIDUAL_SHARE = 1 / 3
"""A stage position that is off by more than this share of a square may be the next square's."""


class ExportFormat(StrEnum):
    """A program's format."""

    CSV = "csv"
    JSON = "json"
    NAV = "nav"
    ATHENA = "athena"
    PTOLEMY = "ptolemy"


@dataclass(frozen=True)
class Ranking:
    """What is exported: a grid's squares, best first."""

    grid: GridAnswer
    atlas: AtlasAnswer
    squares: Sequence[SquareAnswer]
    decisions: Sequence[DecisionAnswer]


@dataclass(frozen=True)
class Export:
    """A file to hand out."""

    name: str
    media_type: str
    text: str


CSV_LEFT_OUT = frozenset(
    {
        "label",
        "corners_px",
        "thumbnail_url",
        "image_url",
        "attention_cracking_url",
        "attention_contamination_url",
    }
)
"""Fields of an answer that do not fit into one cell."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\n")
"""What a spreadsheet takes for a formula, or skips before one."""


class PtolemySquare(Protocol):
    """What Ptolemy's form says of a square."""

    @property
    def corners_px(self) -> Sequence[Sequence[float]]:
        """Four (x, y)."""

    @property
    def center_x_px(self) -> float:
        """Of the atlas' picture, like the corners."""

    @property
    def center_y_px(self) -> float:
        """Likewise."""

    @property
    def width_px(self) -> float:
        """Of the square itself, whichever way it is turned."""

    @property
    def height_px(self) -> float:
        """Likewise."""

    @property
    def brightness(self) -> float | None:
        """0 to 4."""

    @property
    def overall_norm(self) -> float | None:
        """0 to 1; None is not scored."""


def export(ranking: Ranking, form: ExportFormat) -> Export:
    """Write a ranking in a program's format."""
    stem = f"{ranking.grid.name or f'Sample{ranking.grid.sample}'}-squares"
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in stem)
    write, suffix, media_type = WRITERS[form]
    return Export(f"{safe}{suffix}", media_type, write(ranking))


def write_csv(squares: Sequence[SquareAnswer]) -> str:
    """Write squares as CSV, one row each; empty cells are unknown."""
    names = [name for name in SquareAnswer.model_fields if name not in CSV_LEFT_OUT]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*names, "label_author", "label_overall"])
    for square in squares:
        cells = [to_cell(getattr(square, name)) for name in names]
        label = square.label
        writer.writerow(cells + ([to_cell(label.author), label.overall] if label else ["", ""]))
    return text.getvalue()


def to_cell(value: object) -> object:
    """Make a table's cell: text that a spreadsheet would compute gets an apostrophe before it."""
    if not isinstance(value, str):
        return value
    text = value.replace("\r\n", "\n").replace("\r", "\n")  # csv leaves a lone CR unquoted
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def write_ptolemy(squares: Sequence[PtolemySquare]) -> str:
    """Write scored squares as Ptolemy does for Leginon: points are (y, x), scores 0 to 1."""
    items = [
        {
            "vertices": [[y, x] for x, y in square.corners_px],
            "center": [round(square.center_y_px), round(square.center_x_px)],
            "area": square.width_px * square.height_px,
            "brightness": square.brightness,
            "score": square.overall_norm,
        }
        for square in squares
        if square.overall_norm is not None
    ]
    return json.dumps(items, indent=1)


def write_nav(ranking: Ranking) -> str:
    """Write squares as points of a SerialEM navigator file, ranked; `take` marks them to acquire.

    Raises:
        ConflictError: if stage positions are less sure than a third of a square.
    """
    unsure = [square for square in ranking.squares if not is_sure(square, ranking.atlas)]
    if unsure:
        raise ConflictError(
            f"stage positions of {len(unsure)} of {len(ranking.squares)} squares may be off by "
            "more than a third of a square: not written for a stage to go to"
        )
    return "AdocVersion = 2.00\n" + "".join(
        _nav_item(number, square) for number, square in enumerate(ranking.squares, 1)
    )


def is_sure(square: SquareAnswer, atlas: AtlasAnswer) -> bool:
    """Tell whether a stage can find a square: its position is surer than a third of its side."""
    if square.stage_residual_um is None or atlas.pixel_nm is None:
        return True
    side_um = min(square.width_px, square.height_px) * atlas.pixel_nm / 1000
    return square.stage_residual_um <= LARGEST_RESIDUAL_SHARE * side_um


def write_athena(ranking: Ranking) -> str:
    """Write squares and decisions in the shape of Athena's decision service.

    The areas' ids are EPU's nodes, so squares that EPU does not know are left out. Made after the
    service's published description only, never against EPU.
    """
    nodes = {
        square.id: square.epu_node_id
        for square in ranking.squares
        if square.epu_node_id is not None
    }
    areas = [
        {"id": node, "areaType": "gridsquare", "parentId": ranking.atlas.epu_atlas_id}
        for node in nodes.values()
    ]
    return json.dumps(
        {
            "areas": areas,
            "algorithmResults": [
                _athena_result(square) for square in ranking.squares if square.id in nodes
            ],
            "decisions": [
                _athena_decision(decision, nodes[decision.square_id])
                for decision in ranking.decisions
                if decision.square_id in nodes
                and decision.kind in (DecisionKind.TAKE, DecisionKind.SKIP)
            ],
        },
        indent=1,
    )


def write_json(ranking: Ranking) -> str:
    """Write everything that is known, as the REST interface says it."""
    return json.dumps(
        {
            "grid": ranking.grid.model_dump(mode="json"),
            "atlas": ranking.atlas.model_dump(mode="json"),
            "squares": [square.model_dump(mode="json") for square in ranking.squares],
            "decisions": [decision.model_dump(mode="json") for decision in ranking.decisions],
        },
        indent=1,
    )


def _nav_item(number: int, square: SquareAnswer) -> str:
    overall = "not scored" if square.overall is None else f"overall {square.overall:.2f}"
    height = 0.0 if square.stage_z_um is None else square.stage_z_um
    unknown = ", z not measured" if square.stage_z_um is None else ""
    node = "" if square.epu_node_id is None else f", EPU {square.epu_node_id}"
    lines = [
        "",
        f"[Item = {number}]",
        "Color = 0",
        f"StageXYZ = {square.stage_x_um:.3f} {square.stage_y_um:.3f} {height:.3f}",
        "NumPts = 1",
        "Regis = 1",
        "Type = 0",
        f"Note = rank {square.rank}, {overall}{node}, from {square.stage_source}{unknown}",
        *(["Acquire = 1"] if square.decision == DecisionKind.TAKE else []),
        f"PtsX = {square.stage_x_um:.3f}",
        f"PtsY = {square.stage_y_um:.3f}",
    ]
    return "\n".join(lines) + "\n"


def _athena_result(square: SquareAnswer) -> dict[str, object]:
    names = ("overall", "overall_sd", "brightness", "squareness", "cracking", "contamination")
    scores: dict[str, object] = {name: getattr(square, name) for name in names}
    result = scores | {"status": square.status, "modelId": square.model_id, "rank": square.rank}
    return {"areaId": square.epu_node_id, "name": "xcryonet", "result": result}


def _athena_decision(decision: DecisionAnswer, node: int) -> dict[str, object]:
    return {
        "areaId": node,
        "decisionType": "gridsquare",
        "pluginType": "custom",
        "decisionValue": decision.kind,
        "decidedBy": decision.actor,
        "details": decision.text,
        "timestamp": decision.created_at.isoformat(),
    }


WRITERS: dict[ExportFormat, tuple[Callable[[Ranking], str], str, str]] = {
    ExportFormat.CSV: (lambda ranking: write_csv(ranking.squares), ".csv", "text/csv"),
    ExportFormat.JSON: (write_json, ".json", "application/json"),
    ExportFormat.NAV: (write_nav, ".nav", "text/plain"),
    ExportFormat.ATHENA: (write_athena, "-athena.json", "application/json"),
    ExportFormat.PTOLEMY: (
        lambda ranking: write_ptolemy(ranking.squares),
        "-ptolemy.json",
        "application/json",
    ),
}
