"""`xcryonet screen`: score a folder or one image without a service."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from ingest.epu import EpuError, EpuKind, natural_order
from ingest.image import ImageError, read_bare_image
from ingest.memory import MemorySink, ScreenedAtlas
from ingest.picture import NothingToDrawError
from ingest.pipeline import Pipeline
from ingest.records import FileState
from ingest.scan import FolderMissingError
from ingest.watch import existing_files
from model.checkpoint import CheckpointError
from model.predict import Scorer, SquareScore
from model.preprocess import Crop
from service.scoring_input import rounded_pitch
from service.screen_picture import path_for, write_picture
from service.screened import ScreenedSquare, rank_squares, to_square, write_answer

FAILED, WRONG_USE = 1, 2
BATCH = 16
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
IMAGE_SUFFIXES = (".mrc", ".tif", ".tiff", ".jpg", ".jpeg")


_PIXELS_NM = (10.0, 10_000.0)
"""From where one square fills a camera to where a whole one is a speck."""


class ScreenError(Exception):
    """What was asked for cannot be screened; the message is for people."""

    def __init__(self, message: str, status: int = FAILED) -> None:
        super().__init__(message)
        self.status = status


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "target", type=Path, help="a session's, a sample's or an atlas' folder, or one image"
    )
    parser.add_argument("--format", choices=("json", "csv", "ptolemy"), default="json")
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: standard output")
    parser.add_argument(
        "--picture",
        type=Path,
        metavar="PNG",
        help="also draw how the atlas was understood: tiles in place, seams, mesh, squares, ranks",
    )
    parser.add_argument("--weights", type=Path, help="checkpoint (default: the one that ships)")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument(
        "--pixel-nm",
        type=_pixel_nm,
        metavar="NM",
        help="pixel size of a bare image that does not say it (default: guessed from its mesh)",
    )


def _pixel_nm(text: str) -> float:
    """Read a pixel size that an atlas can have.

    Raises:
        argparse.ArgumentTypeError: saying what it can be.
    """
    least, most = _PIXELS_NM
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(f"expected {least:g} to {most:g} nm, found {text}")
    return value


def run(args: argparse.Namespace) -> int:
    """Screen; 0 when done, 1 when nothing could be read, 2 when the target is none."""
    if args.out is not None and args.out.is_dir():
        sys.stderr.write(f"xcryonet screen: {args.out}: expected a file to write, found a folder\n")
        return WRONG_USE
    try:
        squares = screen_target(
            args.target,
            Scorer.load(args.weights, args.device),
            pixel_nm=args.pixel_nm,
            picture=args.picture,
        )
    except ScreenError as error:
        sys.stderr.write(f"xcryonet screen: {error}\n")
        return error.status
    except CheckpointError as error:
        sys.stderr.write(f"xcryonet screen: {error}\n")
        return FAILED
    try:
        write_answer(squares, args.format, args.out)
    except OSError as error:
        sys.stderr.write(f"xcryonet screen: cannot write {args.out}: {error}\n")
        return FAILED
    return 0


def screen_target(
    target: Path, scorer: Scorer, *, pixel_nm: float | None = None, picture: Path | None = None
) -> list[ScreenedSquare]:
    """Screen a folder or one bare image.

    Args:
        target: the folder or the image.
        scorer: grades the squares.
        pixel_nm: pixel size of a bare image; None reads or guesses it.
        picture: where to draw the atlas, each in its own file when there are several.

    Returns:
        Its squares, each atlas ranked by itself, the best first.

    Raises:
        ScreenError: there is nothing to screen.
    """
    if picture is not None and picture.suffix.lower() not in PICTURE_SUFFIXES:
        expected = ", ".join(PICTURE_SUFFIXES)
        raise ScreenError(f"{picture}: expected one of {expected}", WRONG_USE)
    if target.is_dir():
        sink, pipeline = _take_folder(target)
        atlases = sink.atlases()
        if picture is not None:
            atlases = [replace(a, survey=pipeline.survey(a.key)) for a in atlases if a.key]
    elif target.suffix.lower() in IMAGE_SUFFIXES and target.is_file():
        try:
            atlases = [read_bare_image(target, pixel_nm=pixel_nm)]
        except (EpuError, ImageError, OSError) as error:
            raise ScreenError(str(error)) from error
    else:
        found = "another kind of file" if target.exists() else "nothing there"
        raise ScreenError(
            f"{target}: expected a folder or one of {', '.join(IMAGE_SUFFIXES)}, found {found}",
            WRONG_USE,
        )
    ranked = [_score(atlas, scorer) for atlas in atlases]
    if picture is not None:
        for atlas, squares in zip(atlases, ranked, strict=True):
            _draw(path_for(picture, atlas, len(atlases)), atlas, squares)
    return [square for squares in ranked for square in squares]


def read_folder(folder: Path) -> list[ScreenedAtlas]:
    """Take in all that is in a folder of EPU's; a `ScreenError` says that there is nothing."""
    return _take_folder(folder)[0].atlases()


def _take_folder(folder: Path) -> tuple[MemorySink, Pipeline]:
    """Take in a folder, and keep what took it.

    Raises:
        ScreenError: there is nothing of EPU's in it, or no tile that can be used.
    """
    sink = MemorySink()
    pipeline = Pipeline(sink)
    try:
        files = sorted(existing_files(folder), key=lambda one: natural_order(one.file))
    except FolderMissingError as error:
        raise ScreenError(str(error), WRONG_USE) from error
    if not files:
        raise ScreenError(f"{folder}: expected EPU's atlas files below it, found none", WRONG_USE)
    for one in tqdm(files, desc="reading", unit="file", disable=None, leave=False):
        taken = pipeline.take(one.file, one.path, one.problem)
        if taken.state is FileState.FAILED and one.file.kind is not EpuKind.TILE:
            sys.stderr.write(f"{one.relative}: {taken.reason}\n")
    pipeline.settle(final=True)
    for name, reason in sink.unplaced():
        sys.stderr.write(f"{name}: {reason}\n")
    if not sink.placed:
        raise ScreenError(f"{folder}: expected an atlas's tiles, found none that can be used")
    return sink, pipeline


def _draw(path: Path, atlas: ScreenedAtlas, squares: list[ScreenedSquare]) -> None:
    """Draw an atlas.

    Raises:
        ScreenError: it cannot be written.
    """
    try:
        write_picture(path, atlas, squares)
    except NothingToDrawError as error:
        sys.stderr.write(f"{path.name}: {error}\n")
    except OSError as error:
        raise ScreenError(f"{path}: {error}") from error


def _score(atlas: ScreenedAtlas, scorer: Scorer) -> list[ScreenedSquare]:
    """Score one atlas' squares and rank them."""
    levels, pitch_um = atlas.levels, rounded_pitch(atlas.mesh_pitch_um)
    scored: list[tuple[int, SquareScore | None]] = [(i, None) for i in range(len(atlas.squares))]
    wanted = [i for i, square in enumerate(atlas.squares) if square.pixels is not None]
    if levels is not None:
        starts = range(0, len(wanted), BATCH)
        for start in tqdm(starts, desc="scoring", unit="batch", disable=None, leave=False):
            chosen = wanted[start : start + BATCH]
            crops = [
                Crop(pixels, atlas.squares[i].full_scale, levels.film, levels.vacuum, pitch_um)
                for i in chosen
                if (pixels := atlas.squares[i].pixels) is not None
            ]
            for i, score in zip(chosen, scorer.score(crops), strict=True):
                scored[i] = (i, score)
    answers = [to_square(atlas, atlas.squares[i], score, scorer.model_id) for i, score in scored]
    return rank_squares(answers)
