"""Read damaged inputs in processes of their own, and report what crashes, hangs or eats memory.

Then the service is asked whatever its OpenAPI document says can be asked.

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
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path

from service.app import get_app
from service.database import Database, migrate
from service.logs import configure_logging
from service.settings import Settings
from tests.fuzz.mutate import mutate
from tests.fuzz.questions import ask_everything
from tests.fuzz.targets import Target, list_targets
from tests.service.examples import RecordingQueue, make_token

HANG_S = 5
MEMORY_MIB = 1024

RANDOM_QUESTIONS = 20
"""Asked at random of each operation."""


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
        notes = folder / "notes"
        reports = []
        for target in targets:
            work = partial(fuzz_target, target, share, seed, notes)
            reports.append(_do_apart(target.name, work, folder))
        return reports


def ask_service(seed: int) -> Report:
    """Ask the service what its OpenAPI document allows, and at random besides."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        folder = Path(name)
        (folder / "notes").write_text("a question")
        return _do_apart("questions", partial(_ask, folder, seed), folder)


def _ask(folder: Path, seed: int) -> Report:
    settings = Settings(data_dir=folder, max_requests_per_s=1e6)
    migrate(settings.url)
    database = Database(settings.url)
    token = make_token(database, "admin")
    database.close()
    app = get_app(settings, queue=RecordingQueue())
    answers = ask_everything(app, token, seed=seed, random_each=RANDOM_QUESTIONS)
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Report("questions", answers.number, peak_mib=peak_mib, faults=answers.faults)


def _do_apart(name: str, act: Callable[[], Report], folder: Path) -> Report:
    notes, out = folder / "notes", folder / "report.json"
    out.unlink(missing_ok=True)

    def work() -> None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what decoders say of damaged pictures
        out.write_text(json.dumps(asdict(act())))

    process: BaseProcess = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join()
    if not out.exists():
        fault = f"{notes.read_text()}: the process ended with {process.exitcode}"
        return Report(name, faults=[fault])
    return Report(**json.loads(out.read_text()))


def _hang(*_: object) -> None:
    raise HangError


def main() -> int:
    """Fuzz everything; 1 when anything crashed, hung or ate memory."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000, help="in all (default 100000)")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    configure_logging("ERROR")
    reports = [*fuzz_all(args.inputs, args.seed), ask_service(args.seed)]
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
