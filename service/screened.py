"""Answers of `xcryonet screen`: the REST answer's fields and ranking, in three formats."""

import csv
import io
import json
import sys
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from ingest.memory import ScreenedAtlas, ScreenedCrop
from model.predict import SquareScore
from service.exports import to_cell, write_ptolemy

OVERALL_MAX = 4.0
ORDER = ("scored", "partial", "out_of_domain", "waiting", "failed")
"""The ranked list's order of statuses, as the service has it."""


class ScreenedSquare(BaseModel):
    """One square: the fields of the service's answer that do not need a service."""

    model_config = ConfigDict(frozen=True)

    session_key: str | None
    sample: int | None
    epu_atlas_id: int | None
    tile_name: str
    epu_node_id: int | None
    rank: int | None = None
    overall: float | None
    overall_sd: float | None
    brightness: float | None
    brightness_sd: float | None
    squareness: float | None
    squareness_sd: float | None
    cracking: float | None
    cracking_sd: float | None
    contamination: float | None
    contamination_sd: float | None
    overall_norm: float | None
    status: str
    model_id: str
    reason: str | None
    center_x_px: float
    center_y_px: float
    width_px: float
    height_px: float
    rotation_deg: float
    corners_px: list[list[float]]
    stage_x_um: float | None
    stage_y_um: float | None
    stage_z_um: float | None
    stage_residual_um: float | None
    stage_source: str | None
    aligned_stage_x_um: float | None
    aligned_stage_y_um: float | None
    complete: bool
    coverage: float
    on_rim: bool
    epu_category: int | None


def to_square(
    atlas: ScreenedAtlas, square: ScreenedCrop, score: SquareScore | None, model_id: str
) -> ScreenedSquare:
    """Join a square and its score; a square without a crop waits."""
    record = square.record.model_dump(
        exclude={
            "corners_px",
            "crop_sha256",
            "crop_full_scale",
            "thumbnail_sha256",
            "epu_quality",
        }
    )
    if not square.has_stage:
        stage = [name for name in record if name.startswith(("stage_", "aligned_stage_"))]
        record |= dict.fromkeys(stage)
    names = ("overall", "brightness", "squareness", "cracking", "contamination")
    grades: dict[str, float | None] = {
        field: getattr(score, field) if score is not None else None
        for name in names
        for field in (name, f"{name}_sd")
    }
    overall = grades["overall"]
    return ScreenedSquare(
        session_key=atlas.session_key,
        sample=atlas.sample,
        epu_atlas_id=atlas.epu_atlas_id,
        corners_px=[[point.x, point.y] for point in square.record.corners_px],
        overall_norm=None if overall is None else overall / OVERALL_MAX,
        status=_status(square, score),
        model_id=model_id,
        reason=score.reason if score is not None else "its crop could not be cut",
        **grades,
        **record,
    )


def rank_squares(squares: list[ScreenedSquare]) -> list[ScreenedSquare]:
    """Rank one atlas' squares as the service does: best first, ties by stage position."""

    def place(square: ScreenedSquare) -> tuple[float, ...]:
        overall = square.overall if square.overall is not None else -1.0
        y, x = square.stage_y_um, square.stage_x_um
        fallback = (square.center_y_px, square.center_x_px)
        tie = fallback if y is None or x is None else (y, x)
        return (ORDER.index(square.status), -overall, *tie)

    ranked = sorted(squares, key=place)
    return [square.model_copy(update={"rank": i}) for i, square in enumerate(ranked, start=1)]


def write_answer(squares: list[ScreenedSquare], form: str, out: Path | None) -> None:
    """Write squares to a file or standard output, whole or not at all."""
    text: str = {"json": _json, "csv": _csv, "ptolemy": _ptolemy}[form](squares)
    if out is None:
        sys.stdout.write(text)
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f".{out.name}.part")
    partial.write_text(text, encoding="utf-8")
    partial.replace(out)


def _status(square: ScreenedCrop, score: SquareScore | None) -> str:
    if score is None:
        return "waiting"
    if score.status.value == "scored" and not square.record.complete:
        return "partial"
    return score.status.value


def _json(squares: list[ScreenedSquare]) -> str:
    return json.dumps({"squares": [s.model_dump(mode="json") for s in squares]}, indent=1) + "\n"


def _csv(squares: list[ScreenedSquare]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(ScreenedSquare.model_fields), lineterminator="\n")
    writer.writeheader()
    for square in squares:
        row = square.model_dump(mode="json")
        row["corners_px"] = json.dumps(row["corners_px"])
        writer.writerow({name: to_cell(value) for name, value in row.items()})
    return str(text.getvalue())


def _ptolemy(squares: list[ScreenedSquare]) -> str:
    return write_ptolemy(squares) + "\n"
