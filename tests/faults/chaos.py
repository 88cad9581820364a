"""Kill, stop and restart ingest, web and worker at random moments while a session is written.

`python -m tests.faults.chaos --kills 100 --rounds 4 --databases sqlite postgres --seed 1`
"""

import argparse
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from ingest.epu import classify, natural_order
from service.blobs import BlobStore
from service.settings import Settings
from service.sweep import sweep
from simulate.session import write_session
from tests.faults.facility import Facility, facility_on
from tests.faults.outcome import Outcome, describe, is_finished, list_faults, read_outcome
from tests.postgres import postgres_server
from tests.simulate.sessions import SMALL, plan

TICK_S = 0.2
LONG_STOP_S = 9.0
"""Longer than a worker's lease: it is declared dead and must find that out by itself."""

FINISH_S = 1200.0


@dataclass
class Wildness:
    """How a round disturbs.

    Attributes:
        kills: `kill -9` so often.
        gap_s: mean time between two disturbances.
        seed: decides who, how and when.
        also: how many other disturbances come for each kill (stops and polite restarts).
    """

    kills: int
    gap_s: float
    seed: int
    also: float = 0.3


@dataclass
class Tally:
    """What was done to whom."""

    done: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def kills(self) -> int:
        return sum(number for (how, _), number in self.done.items() if how == "kill")

    def __str__(self) -> str:
        return ", ".join(f"{how} {who}: {n}" for (how, who), n in sorted(self.done.items()))


def make_session(folder: Path, seed: int, grids: int = 1) -> list[Path]:
    """Write a simulated session; give its files in the order in which EPU writes them."""
    small = replace(plan(seed=seed, grids=grids), instrument=replace(SMALL, columns=2, rows=2))
    write_session(folder, small)
    known = [(classify(folder, p), p) for p in folder.rglob("*") if p.is_file()]
    files = [(file, path) for file, path in known if file is not None]
    return [path for _, path in sorted(files, key=lambda item: natural_order(item[0]))]


def run_calmly(url: str, folder: Path, made: Path, grids: int = 1) -> Outcome:
    """Screen the finished session once, undisturbed."""
    with facility_on(url, folder) as facility:
        shutil.copytree(made, facility.watch, dirs_exist_ok=True)
        finish(facility, grids)
        return read_outcome(facility.database)


def run_wildly(
    url: str, folder: Path, made: Path, files: list[Path], wild: Wildness, grids: int = 1
) -> tuple[Outcome, list[str], Tally]:
    """Write the session file by file while its screeners are killed.

    Returns:
        The outcome, what is wrong apart from that, and what was done.
    """
    tally = Tally()
    with facility_on(url, folder) as facility:
        facility.keep_up()
        storm = _Storm(facility, wild, tally)
        span_s = wild.kills * (1 + wild.also) * wild.gap_s
        write_while(facility, made, files, span_s, storm.tick)
        while tally.kills < wild.kills:
            storm.tick()
            facility.keep_up()
            time.sleep(TICK_S)
        storm.calm()
        finish(facility, grids)
        outcome = read_outcome(facility.database)
        settings = Settings(data_dir=facility.data)
        store = BlobStore(settings.blob_dir, settings.blob_row_bytes)
        sweep(facility.database, store, timedelta(seconds=-1))
        return outcome, list_faults(facility.database, settings.blob_dir), tally


class _Storm:
    """Decides whom to disturb, how and when; the same seed disturbs the same."""

    def __init__(self, facility: Facility, wild: Wildness, tally: Tally) -> None:
        self._facility = facility
        self._wild = wild
        self._tally = tally
        self._dice = random.Random(wild.seed)
        self._next_s = time.monotonic() + wild.gap_s
        self._stopped: dict[str, float] = {}

    def tick(self) -> None:
        """Disturb, if it is time to."""
        now = time.monotonic()
        for name, until_s in list(self._stopped.items()):
            if now >= until_s:
                self._facility.parts[name].send(signal.SIGCONT)
                del self._stopped[name]
        if now < self._next_s or self._tally.kills >= self._wild.kills:
            return
        self._next_s = now + self._dice.expovariate(1 / self._wild.gap_s)
        self._strike()

    def calm(self) -> None:
        """Let everything run again."""
        for name in self._stopped:
            self._facility.parts[name].send(signal.SIGCONT)
        self._stopped.clear()

    def _strike(self) -> None:
        up = sorted(name for name, part in self._facility.parts.items() if part.is_up)
        if not up:
            return
        name = self._dice.choice(up)
        part = self._facility.parts[name]
        gentle = self._dice.random() < self._wild.also / (1 + self._wild.also)
        if not gentle:
            part.end(signal.SIGKILL)
            self._stopped.pop(name, None)
            how = "kill"
        elif self._dice.random() < 0.6:
            part.send(signal.SIGSTOP)
            stop_s = LONG_STOP_S if name == "worker" else self._dice.uniform(0.5, 4.0)
            self._stopped[name] = time.monotonic() + stop_s
            how = "stop"
        else:
            part.send(signal.SIGCONT)
            self._stopped.pop(name, None)
            part.end(signal.SIGTERM)
            how = "restart"
        self._tally.done[how, name] += 1


def write_while(
    facility: Facility, made: Path, files: list[Path], span_s: float, tick: Callable[[], None]
) -> None:
    """Copy the session over a span of time, and tick."""
    start = time.monotonic()
    for number, path in enumerate(files):
        while time.monotonic() < start + span_s * number / len(files):
            tick()
            facility.keep_up()
            time.sleep(TICK_S)
        target = facility.watch / path.relative_to(made)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def finish(facility: Facility, grids: int) -> None:
    until = time.monotonic() + FINISH_S
    seen = 0
    while seen < 3:  # what has just become visible may be followed by more
        facility.keep_up()
        seen = seen + 1 if is_finished(facility.database, grids) else 0
        if time.monotonic() > until:
            raise AssertionError(
                f"not finished {FINISH_S:.0f} s after the storm: {describe(facility.database)}"
            )
        time.sleep(0.7)


@contextmanager
def fresh_databases(kind: str, folder: Path) -> Iterator[Callable[[str], str]]:
    """Give a maker of empty databases by name."""
    if kind == "sqlite":
        yield lambda name: f"sqlite:///{folder / name}.sqlite"
        return
    with postgres_server() as server:
        yield lambda name: create_database(server, name)


def create_database(server: str, name: str) -> str:
    """Make an empty database on a server; give its address."""
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return server.replace("@/postgres?", f"@/{name}?")


def run_rounds(kind: str, rounds: int, wildness: Wildness) -> Iterator[tuple[Tally, list[str]]]:
    """Run one calm round and several wild ones on one kind of database; give what went wrong."""
    with (
        tempfile.TemporaryDirectory(prefix="chaos-") as name,
        fresh_databases(kind, Path(name)) as make,
    ):
        folder = Path(name)
        made = folder / "made"
        files = make_session(made, wildness.seed)
        calm = run_calmly(make("calm"), folder / "calm", made)
        for number in range(rounds):
            wild = replace(wildness, seed=wildness.seed * 1000 + number)
            here = folder / f"round{number}"
            url = make(f"round{number}")
            try:
                outcome, faults, tally = run_wildly(url, here, made, files, wild)
            except AssertionError as error:
                outcome, faults, tally = calm, [str(error)], Tally()
            if outcome != calm:
                faults.append(f"undisturbed it is {calm}, now it is {outcome}")
            if faults:
                shutil.copytree(here, f"chaos-{kind}-{wild.seed}", dirs_exist_ok=True)
            yield tally, faults


def main() -> int:
    """Run rounds; 1 when anything was lost, doubled or ranked otherwise."""
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgres"])
    parser.add_argument("--rounds", type=int, default=4, help="for each database")
    parser.add_argument("--kills", type=int, default=25, help="in each round")
    parser.add_argument("--gap", type=float, default=2.5, help="mean seconds between two")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that all children are ended
    wrong = 0
    total = Tally()
    for kind in args.databases:
        wildness = Wildness(args.kills, args.gap, args.seed)
        for number, (tally, faults) in enumerate(run_rounds(kind, args.rounds, wildness)):
            total.done.update(tally.done)
            wrong += bool(faults)
            _say(f"{kind} round {number}: {tally}; {faults or 'as undisturbed'}")
    _say(f"{total.kills} kills in all ({total}); {wrong} rounds went wrong")
    return 1 if wrong else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
