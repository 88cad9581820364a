"""A data set folder of what people have labelled: what `train` and `evaluate` read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from uuid import UUID

from model.attributes import brightness, squareness
from model.dataset import DatasetWriter, Grades, Header, Split, Square
from model.preprocess import Crop, film_units
from service.blobs import BlobStore
from service.database import Database
from service.errors import NotFoundError
from service.queries.labelled import GradedSquare, list_graded_squares, list_unlabelled_squares
from service.stored_crops import BadCropError, read_crop


@dataclass(frozen=True)
class LabelledPlan:
    """What to write.

    Attributes:
        authors: whose labels count; everybody's when empty.
        unlabelled: how many squares without labels to add, drawn from grids that are trained on.
        validation: share of the labelled grids that is held out, one at least where there are two.
    """

    authors: tuple[str, ...] = ()
    unlabelled: int = 0
    validation: float = 0.15


@dataclass(frozen=True)
class Written:
    """What was written: numbers of squares, and the grids of each split."""

    labelled: int = 0
    unlabelled: int = 0
    left_out: int = 0
    trained_on: tuple[str, ...] = ()
    held_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chosen:
    """Squares to write, and the splits of the labelled grids; all others are trained on."""

    squares: Sequence[GradedSquare]
    splits: dict[UUID, Split]


def choose_squares(database: Database, plan: LabelledPlan) -> Chosen:
    """Choose the squares to write, and the split of each grid: the last grids are held out."""
    with database.read() as session:
        squares = list_graded_squares(session, plan.authors)
        spare = list_unlabelled_squares(session) if plan.unlabelled else []
    grids = sorted({(square.grid, square.grid_id) for square in squares})
    held = min(max(round(plan.validation * len(grids)), 1), len(grids) - 1) if grids else 0
    splits = {grid_id: Split.TRAIN for _, grid_id in grids}
    splits |= {grid_id: Split.VALIDATION for _, grid_id in grids[len(grids) - held :]}
    spare = [s for s in spare if splits.get(s.grid_id) is not Split.VALIDATION]
    drawn = Random(0).sample(spare, min(plan.unlabelled, len(spare)))
    return Chosen(squares + drawn, splits)


def write_labelled(
    database: Database,
    blobs: BlobStore,
    out: Path,
    chosen: Chosen,
    progress: Callable[[int], object] = lambda _: None,
) -> Written:
    """Write chosen squares as a data set.

    Brightness and squareness that nobody graded are computed from the pixels, as the paper does.

    Args:
        database: where labels and crops are.
        blobs: where large crops are.
        out: a new or empty folder.
        chosen: of `choose_squares`.
        progress: called with the number of squares just done.
    """
    done = Written()
    grids: dict[Split, set[str]] = {Split.TRAIN: set(), Split.VALIDATION: set()}
    with DatasetWriter(out, Header(origin="real squares labelled by people")) as writer:
        for graded in chosen.squares:
            progress(1)
            crop = _crop(database, blobs, graded)
            if crop is None or graded.square is None:
                done = replace(done, left_out=done.left_out + 1)
                continue
            split = chosen.splits.get(graded.grid_id, Split.TRAIN)
            line = _line(graded, graded.square.id, crop, split)
            writer.add(line, crop.pixels)
            grids[split].add(graded.grid)
            counted = "unlabelled" if line.labels is None else "labelled"
            done = replace(done, **{counted: getattr(done, counted) + 1})
    return replace(
        done,
        trained_on=tuple(sorted(grids[Split.TRAIN])),
        held_out=tuple(sorted(grids[Split.VALIDATION])),
    )


def _crop(database: Database, blobs: BlobStore, graded: GradedSquare) -> Crop | None:
    """A square's crop, or None where it has none that can be read."""
    if graded.square is None:
        return None
    try:
        return read_crop(database, blobs, graded.square)
    except (NotFoundError, BadCropError):
        return None


def _line(graded: GradedSquare, square_id: UUID, crop: Crop, split: Split) -> Square:
    return Square(
        id=str(square_id),
        grid=graded.grid,
        crop=f"crops/{graded.grid_id}/{square_id}.png",
        full_scale=crop.full_scale,
        film_level=crop.film_level,
        vacuum_level=crop.vacuum_level,
        mesh_pitch_um=crop.mesh_pitch_um,
        labels=_grades(graded.grades, crop) if graded.grades else None,
        split=split,
    )


def _grades(given: dict[str, float], crop: Crop) -> Grades:
    film = film_units(crop)
    measured = {"brightness": brightness(film), "squareness": squareness(film)}
    return Grades.model_validate(measured | given)
