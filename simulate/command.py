"""The command `xcryonet simulate`: write a screening session as EPU would."""

import argparse
import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from tqdm import tqdm

from model.dataset import OutputNotEmptyError, check_empty
from simulate.film import FoilKind
from simulate.instrument import CameraKind, Instrument, find_instrument
from simulate.mesh import MeshKind
from simulate.session import SessionPlan, write_session
from simulate.variant import Variant

_MOST_TILES = 15

Kind = TypeVar("Kind", bound=StrEnum)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("out", type=Path, help="new or empty folder to write to")
    parser.add_argument("--preset", choices=["demo"], help="demo: 2 grids of 9 small tiles")
    parser.add_argument("--grids", type=int, help="number of grids (default 1, demo 2)")
    parser.add_argument(
        "--speed", type=float, help="divide EPU's waiting times by this (default: no waiting)"
    )
    parser.add_argument("--seed", type=int, default=1, help="same seed, same session (default 1)")
    parser.add_argument("--camera", help=f"one of {', '.join(CameraKind)} (default k3)")
    parser.add_argument("--mesh", default="300", help=f"one of {', '.join(MeshKind)}")
    parser.add_argument("--foil", default="r2/1", help=f"one of {', '.join(FoilKind)}")
    parser.add_argument("--columns", type=int, help="tiles across (default: the camera's)")
    parser.add_argument("--rows", type=int, help="tiles down (default: the camera's)")
    parser.add_argument("--variant", default="plain", help=f"one of {', '.join(Variant)}")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(args: argparse.Namespace) -> int:
    """Write the session; 0 done, 1 the disk refuses, 2 wrong arguments (nothing is written)."""
    try:
        plan = read_plan(args)
        check_empty(args.out)
    except (ValueError, OutputNotEmptyError) as error:
        sys.stderr.write(f"xcryonet simulate: {error}\n")
        return 2
    try:
        with tqdm(total=plan.tiles, unit="tile", disable=args.quiet) as bar:
            write_session(args.out, plan, progress=bar.update)
    except OSError as error:
        sys.stderr.write(f"xcryonet simulate: {error}\n")
        return 1
    return 0


def read_plan(args: argparse.Namespace) -> SessionPlan:
    """The plan that the arguments describe.

    Raises:
        ValueError: naming the argument, what was expected and what was found.
    """
    demo = args.preset == "demo"
    camera = args.camera or (CameraKind.K3_HALF if demo else CameraKind.K3)
    grids = args.grids if args.grids is not None else (2 if demo else 1)
    if grids < 1:
        raise ValueError(f"--grids: expected 1 or more, found {grids}")
    if args.seed < 0:
        raise ValueError(f"--seed: expected 0 or more, found {args.seed}")
    if args.speed is not None and not args.speed > 0:
        raise ValueError(f"--speed: expected more than 0, found {args.speed}")
    instrument = find_instrument(_choice(CameraKind, "--camera", camera))
    return SessionPlan(
        instrument=_with_tiles(instrument, args.columns, args.rows),
        mesh=_choice(MeshKind, "--mesh", args.mesh),
        foil=_choice(FoilKind, "--foil", args.foil),
        grids=grids,
        seed=args.seed,
        speed=args.speed,
        variant=_choice(Variant, "--variant", args.variant),
    )


def _choice(kinds: type[Kind], option: str, found: str) -> Kind:
    """A member by its value.

    Raises:
        ValueError: naming what would have been right.
    """
    try:
        return kinds(found)
    except ValueError as error:
        raise ValueError(f"{option}: expected one of {', '.join(kinds)}, found {found}") from error


def _with_tiles(instrument: Instrument, columns: int | None, rows: int | None) -> Instrument:
    """The instrument with another number of tiles.

    Raises:
        ValueError: for a number that no atlas has.
    """
    for option, value in (("--columns", columns), ("--rows", rows)):
        if value is not None and not 1 <= value <= _MOST_TILES:
            raise ValueError(f"{option}: expected 1 to {_MOST_TILES}, found {value}")
    return replace(instrument, columns=columns or instrument.columns, rows=rows or instrument.rows)
