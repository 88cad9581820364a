"""Run the benchmarks and write their table: `python -m benchmarks.run [NAME...] [--out FILE]`."""

import argparse
import pkgutil
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.machine import Machine, this_machine

FOLDER = Path(__file__).parent
PREFIX = "measure_"


def main() -> None:
    """Measure what was asked for (everything by default) and write the table."""
    known = list_benchmarks()
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(known)}")
    parser.add_argument(
        "--out",
        type=Path,
        help="file of the table (default RESULTS.md when everything is measured)",
    )
    args = parser.parse_args()
    if unknown := set(args.names) - set(known):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    machine = this_machine()
    out = args.out or (None if args.names else FOLDER / "RESULTS.md")
    sections: dict[str, list[Figure]] = {}
    for name in args.names or known:
        sections[name] = list(_measure(name))
        if out is not None:  # what has been measured stays, whatever comes next
            out.write_text(make_table(machine, sections))
    print(make_table(machine, sections) if out is None else f"written: {out}")


def list_benchmarks() -> list[str]:
    """List the benchmarks by name: the modules of this folder whose name begins with `measure_`."""
    modules = (module.name for module in pkgutil.iter_modules([str(FOLDER)]))
    return sorted(name.removeprefix(PREFIX) for name in modules if name.startswith(PREFIX))


def make_table(machine: Machine, sections: dict[str, list[Figure]]) -> str:
    """Make the page: the machine, then a row for each figure."""
    facts = (
        f"{machine.processor}, {machine.cores} cores, {machine.memory_gib:.0f} GiB;"
        f" {machine.system}; {machine.packages}; commit {machine.commit},"
        f" {machine.measured_at:%Y-%m-%d %H:%M} UTC"
    )
    head = ["# Measured", "", "Written by `make bench`.", "", facts, ""]
    rows = ["| benchmark | what | figure | spread |", "|---|---|---:|---:|"]
    rows += [_row(name, figure) for name, figures in sections.items() for figure in figures]
    return "\n".join([*head, *rows, ""])


def _measure(name: str) -> Iterator[Figure]:
    print(name, flush=True)
    figures: Iterable[Figure] = import_module(f"benchmarks.{PREFIX}{name}").measure()
    for figure in figures:
        print(f"  {figure.what}: {figure.value:.4g} {figure.unit}", flush=True)
        yield figure


def _row(name: str, figure: Figure) -> str:
    spread = "" if figure.spread is None else f"{figure.spread:.2g} {figure.unit}"
    return f"| {name} | {figure.what} | {figure.value:.4g} {figure.unit} | {spread} |"


if __name__ == "__main__":
    main()
