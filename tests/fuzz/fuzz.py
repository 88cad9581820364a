"""Read damaged inputs in processes of their own, and report what crashes, hangs or eats memory.

`python -m tests.fuzz.fuzz --inputs 100000 --seed 1`
"""

import argparse
import json
import multiprocessing
import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import asdict, dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.fuzz.mutate import mutate
from tests.fuzz.targets import Target, list_targets

HANG_S = 5
MEMORY_MIB = 1024


@dataclass
class Report:
    """What became of one target's inputs."""

    name: str
    inputs: int = 0
    read: int = 0
    refused: int = 0
    slowest_s: float = 0.0
    peak_mib: float = 0.0
    faults: list[str] = field(default_factory=list)


class HangError(BaseException):
    """An input took longer than allowed."""


def fuzz_target(target: Target, inputs: int, seed: int, notes: Path) -> Report:
    """Read damaged inputs; the seed of the one at hand stands in `notes`, should this crash."""
    report = Report(target.name)
    signal.signal(signal.SIGPROF, _hang)
    for number in range(inputs):
        name = f"{target.name}/{seed}/{number}"
        notes.write_text(name)
        data = mutate(random.Random(name), target.good)
        start = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, HANG_S)  # of its own time: a busy machine is no hang
        try:
            target.read(data)
            report.read += 1
        except target.may_raise:
            report.refused += 1
        except HangError:
            report.faults.append(f"{name}: longer than {HANG_S} CPU s")
        except Exception:  # noqa: BLE001 - whatever it is, it is what is looked for
            report.faults.append(f"{name}: {traceback.format_exc(limit=-3)}")
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        report.inputs += 1
        report.slowest_s = max(report.slowest_s, time.process_time() - start)
    report.peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if report.peak_mib > MEMORY_MIB:
        report.faults.append(f"{target.name}: {report.peak_mib:.0f} MiB, at most {MEMORY_MIB}")
    return report


def fuzz_all(inputs: int, seed: int) -> list[Report]:
    """Share inputs among all targets, each in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        folder = Path(name)
        targets = list_targets(folder)
        share = -(-inputs // len(targets))
        return [_fuzz_apart(target, share, seed, folder) for target in targets]


def _fuzz_apart(target: Target, inputs: int, seed: int, folder: Path) -> Report:
    notes, out = folder / "notes", folder / "report.json"
    out.unlink(missing_ok=True)

    def work() -> None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what decoders say of damaged pictures
        report = fuzz_target(target, inputs, seed, notes)
        out.write_text(json.dumps(asdict(report)))

    process: BaseProcess = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join()
    if not out.exists():
        fault = f"{notes.read_text()}: the process ended with {process.exitcode}"
        return Report(target.name, faults=[fault])
    return Report(**json.loads(out.read_text()))


def _hang(*_: object) -> None:
    raise HangError


def main() -> int:
    """Fuzz everything; 1 when anything crashed, hung or ate memory."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000, help="in all (default 100000)")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    reports = fuzz_all(args.inputs, args.seed)
    for one in reports:
        sys.stdout.write(
            f"{one.name:24} {one.inputs:7} inputs, {one.read:6} read, {one.refused:6} refused,"
            f" slowest {one.slowest_s:.2f} CPU s, peak {one.peak_mib:.0f} MiB,"
            f" {len(one.faults)} faults\n"
        )
        sys.stdout.writelines(f"  {fault}\n" for fault in one.faults[:5])
    faults = sum(len(one.faults) for one in reports)
    sys.stdout.write(f"{sum(one.inputs for one in reports)} inputs, {faults} faults\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
