"""Pictures for `xcryonet screen --picture`: each atlas as it was understood, with ranks."""

from collections.abc import Sequence
from pathlib import Path

import cv2

from ingest.memory import ScreenedAtlas
from ingest.picture import NothingToDrawError, draw_survey
from service.screened import ScreenedSquare


def write_picture(path: Path, atlas: ScreenedAtlas, squares: Sequence[ScreenedSquare]) -> None:
    """Write one atlas' picture, whole or not at all.

    Args:
        path: of the picture; its suffix says the format.
        atlas: with its survey.
        squares: its squares, ranked.

    Raises:
        NothingToDrawError: no tile of it is placed, or its survey is not known.
        ValueError: the suffix is no picture's.
    """
    if atlas.survey is None:
        raise NothingToDrawError("expected an atlas that was surveyed, found none")
    named = {(s.center_x_px, s.center_y_px): _label(s) for s in squares}
    records = [square.record for square in atlas.squares]
    labels = [named.get((r.center_x_px, r.center_y_px), "") for r in records]
    pixels = draw_survey(atlas.survey, labels or [""] * len(atlas.survey.extraction.windows))
    done, data = cv2.imencode(path.suffix, pixels)
    if not done:
        raise ValueError(f"{path}: cannot write such a picture")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.part")
    partial.write_bytes(bytes(data))
    partial.replace(path)


def path_for(path: Path, atlas: ScreenedAtlas, count: int) -> Path:
    """Where an atlas' picture goes: as asked for when there is one, else named by its sample."""
    if count == 1:
        return path
    return path.with_name(
        f"{path.stem}-Sample{atlas.sample}-Atlas_{atlas.epu_atlas_id}{path.suffix}"
    )


def _label(square: ScreenedSquare) -> str:
    """Rank, and EPU's number where it has one."""
    return f"{square.rank}" if square.epu_node_id is None else f"{square.rank}/{square.epu_node_id}"
