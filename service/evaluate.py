"""`xcryonet evaluate`: judge a network on a data set, or on labelled squares of an EPU session."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from ingest.memory import ScreenedAtlas, ScreenedCrop
from ingest.scan import FolderMissingError
from model.checkpoint import CheckpointError
from model.dataset import Split
from model.evaluate import EvaluationError, LabelPlace, Report, evaluate_crops, read_label_places
from model.evaluate_command import add_output_arguments, check_picture, write_report
from model.evaluate_command import run as run_on_dataset
from model.predict import Scorer
from model.preprocess import Crop
from service.scoring_input import rounded_pitch
from service.screen import ScreenError, read_folder

FAILED, WRONG_USE = 1, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_output_arguments(parser)
    parser.add_argument("--data", type=Path, help="data set folder")
    parser.add_argument("--split", choices=[str(s) for s in Split], default=str(Split.VALIDATION))
    parser.add_argument("--labels", type=Path, help="labels of a session's squares, JSON")
    parser.add_argument("--session", type=Path, help="the session's folder")


def run(args: argparse.Namespace) -> int:
    """Evaluate; 0 when done, 1 when it failed, 2 for wrong use."""
    if args.data is not None and args.labels is None and args.session is None:
        return run_on_dataset(args)
    if args.data is not None or args.labels is None or args.session is None:
        sys.stderr.write("xcryonet evaluate: expected --data, or --labels and --session\n")
        return WRONG_USE
    try:
        check_picture(args.picture)
        scorer = Scorer.load(args.weights, args.device)
        report = evaluate_session(scorer, read_label_places(args.labels), args.session)
    except (CheckpointError, EvaluationError, FolderMissingError, ScreenError, OSError) as error:
        sys.stderr.write(f"xcryonet evaluate: {error}\n")
        return FAILED
    return write_report(args, report)


def evaluate_session(scorer: Scorer, places: list[LabelPlace], session: Path) -> Report:
    """Score the labelled squares of a session, cut as they are cut in production.

    Args:
        scorer: the network.
        places: labels; each names its square by EPU's node id.
        session: the session's folder.

    Raises:
        EvaluationError: if none of them has an image there.
    """
    crops = {
        (atlas.sample, square.record.epu_node_id): crop
        for atlas in read_folder(session)
        for square in atlas.squares
        if (crop := _crop(atlas, square)) is not None
    }
    found = [(p, crops[p.sample, p.epu_node]) for p in places if (p.sample, p.epu_node) in crops]
    missing = tuple(p.key for p in places if (p.sample, p.epu_node) not in crops)
    if missing:
        sys.stderr.write(
            f"{len(missing)} of {len(places)} squares not found: {', '.join(missing)}\n"
        )
    if not found:
        raise EvaluationError(
            f"{session}: expected images of the {len(places)} labelled squares, found none"
        )
    report = evaluate_crops(
        scorer, [crop for _, crop in found], [place.label() for place, _ in found]
    )
    return replace(report, missing=missing)


def _crop(atlas: ScreenedAtlas, square: ScreenedCrop) -> Crop | None:
    """A square as the network is given it; None where its tile cannot be read."""
    if square.pixels is None or atlas.levels is None or square.record.epu_node_id is None:
        return None
    levels, pitch_um = atlas.levels, rounded_pitch(atlas.mesh_pitch_um)
    return Crop(square.pixels, square.full_scale, levels.film, levels.vacuum, pitch_um)
