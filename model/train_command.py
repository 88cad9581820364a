"""`xcryonet train DATA OUT`: train a network on a data set folder."""

import argparse
import json
import sys
from pathlib import Path

import torch

from model.arguments import count_of
from model.config import NetworkConfig, RunConfig, TrainConfig, paper_network
from model.dataset import read_dataset
from model.device import find_device
from model.predict import DEFAULT_WEIGHTS
from model.spread import join_others, leave_others
from model.stream import ALONE
from model.train import Surroundings, train


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("data", type=Path, metavar="DATA", help="data set folder")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for weights and curves")
    parser.add_argument("--config", type=Path, help="JSON file of network and train settings")
    parser.add_argument("--network", choices=("default", "paper"), default="default")
    parser.add_argument("--primary-only", action="store_true", help="no attention branches")
    parser.add_argument("--supervised", action="store_true", help="no decoders, labels alone")
    parser.add_argument("--labelled", type=int, help="squares that keep their labels")
    parser.add_argument("--unlabelled", type=int, help="squares used without labels")
    parser.add_argument("--epochs", type=int)
    parser.add_argument(
        "--steps", type=int, help="batches per epoch; if absent, as many as hold all squares once"
    )
    parser.add_argument("--batch", type=int, help="squares per batch")
    parser.add_argument("--learning-rate", type=float, help="the highest, after warming up")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--patience", type=int, help="epochs without progress before it stops")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--threads", type=count_of(1), help="CPU threads")
    parser.add_argument(
        "--start",
        type=Path,
        nargs="?",
        const=DEFAULT_WEIGHTS,
        metavar="WEIGHTS",
        help="go on from these (those that ship, if none are named), not from random ones",
    )
    parser.add_argument("--hardware", default="not stated", help="said in the model card")
    parser.add_argument("--json", action="store_true", help="print the model card as JSON")


def run(args: argparse.Namespace) -> int:
    """Train, going on where a stopped run of the same settings was; 0 done, 1 failed."""
    if args.threads:
        torch.set_num_threads(args.threads)
    share = ALONE
    try:
        config = build_config(args)
        device = find_device(args.device)
        share = join_others(device)
        around = Surroundings(device, args.hardware, args.start, share)
        result = train(read_dataset(args.data), args.out, config, around=around)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"xcryonet train: {error}\n")
        return 1
    finally:
        leave_others()
    if not share.is_first:
        return 0
    card = result.card
    if args.json:
        sys.stdout.write(json.dumps(card.model_dump(mode="json"), indent=2) + "\n")
        return 0
    sys.stdout.write(f"{result.weights}  model {card.model_id}  {card.data}\n")
    for name, value in sorted(card.metrics.items()):
        sys.stdout.write(f"  {name:45s} {value:7.3f}\n")
    return 0


def build_config(args: argparse.Namespace) -> RunConfig:
    """Put the file's settings and the arguments together; arguments win."""
    base = RunConfig()
    if args.config is not None:
        base = RunConfig.model_validate_json(args.config.read_text(encoding="utf-8"))
    network = paper_network() if args.network == "paper" else base.network
    if args.primary_only:
        network = _changed_network(network, attention=False)
    given = {
        "labelled": args.labelled,
        "unlabelled": args.unlabelled,
        "epochs": args.epochs,
        "steps_per_epoch": args.steps,
        "batch_size": args.batch,
        "learning_rate": args.learning_rate,
        "seed": args.seed,
        "patience": args.patience,
        "semi_supervised": False if args.supervised else None,
    }
    changed = base.train.model_dump() | {k: v for k, v in given.items() if v is not None}
    return RunConfig(network=network, train=TrainConfig.model_validate(changed))


def _changed_network(network: NetworkConfig, *, attention: bool) -> NetworkConfig:
    return NetworkConfig.model_validate(network.model_dump() | {"attention": attention})
