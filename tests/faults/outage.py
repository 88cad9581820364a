"""Take the service away from ingest, or the database from all, in the middle of a session.

`python -m tests.faults.outage --seconds 600 --databases sqlite postgres --seed 1`
"""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from service.settings import Settings
from tests.faults.chaos import (
    create_database,
    finish,
    fresh_databases,
    make_session,
    run_calmly,
    write_while,
)
from tests.faults.facility import Facility, facility_on
from tests.faults.outcome import Outcome, list_faults, read_outcome
from tests.postgres import PostgresServer, stoppable_postgres

HALF_S = 20.0
"""Over which each half of the session is written, the second during the outage."""

TICK_S = 0.5


Outage = Callable[[Facility], AbstractContextManager[None]]


def run_outages(kind: str, away_s: float, seed: int) -> Iterator[tuple[str, list[str]]]:
    """Screen a session undisturbed and others with an outage; give which, and what went wrong."""
    with (
        tempfile.TemporaryDirectory(prefix="outage-") as name,
        _databases_and_outages(kind, Path(name)) as (make, outages),
    ):
        folder = Path(name)
        files = make_session(folder / "made", seed)
        calm = run_calmly(make("calm"), folder / "calm", folder / "made")
        for what, outage in outages.items():
            with facility_on(make(what), folder / what) as facility:
                outcome = _screen(facility, folder / "made", files, outage, away_s)
                faults = list_faults(facility.database, Settings(data_dir=facility.data).blob_dir)
            if outcome != calm:
                faults.append(f"undisturbed it is {calm}, now it is {outcome}")
            yield what, faults


@contextmanager
def _databases_and_outages(
    kind: str, folder: Path
) -> Iterator[tuple[Callable[[str], str], dict[str, Outage]]]:
    """Give a maker of databases, and what can go away; a file does not."""
    if kind == "sqlite":
        with fresh_databases(kind, folder) as make:
            yield make, {"service": _without_service}
        return
    with stoppable_postgres() as server:
        outages = {"service": _without_service, "database": lambda _: _without_database(server)}
        yield lambda name: create_database(server.url, name), outages


@contextmanager
def _without_service(facility: Facility) -> Iterator[None]:
    away = facility.parts.pop("web")
    away.end(signal.SIGKILL)
    yield
    facility.parts["web"] = away


@contextmanager
def _without_database(server: PostgresServer) -> Iterator[None]:
    server.stop()
    yield
    server.start()


def _screen(
    facility: Facility, made: Path, files: list[Path], outage: Outage, away_s: float
) -> Outcome:
    """Take in one half, so that all lose what they knew; write the other during the outage."""
    half = len(files) // 2
    facility.keep_up()
    write_while(facility, made, files[:half], HALF_S, _do_nothing)
    with outage(facility):
        until = time.monotonic() + away_s
        write_while(facility, made, files[half:], HALF_S, _do_nothing)
        while time.monotonic() < until:
            facility.keep_up()
            time.sleep(TICK_S)
    finish(facility, 1)
    return read_outcome(facility.database)


def _do_nothing() -> None:
    pass


def main() -> int:
    """Do it for each kind of database; 1 when anything was lost, doubled or ranked otherwise."""
    parser = argparse.ArgumentParser(prog="outage", description=__doc__)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgres"])
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that all children are ended
    wrong = 0
    for kind in args.databases:
        for what, faults in run_outages(kind, args.seconds, args.seed):
            wrong += bool(faults)
            said = "; ".join(faults) or "as undisturbed"
            sys.stdout.write(f"{kind}, {what} away for {args.seconds:.0f} s: {said}\n")
            sys.stdout.flush()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
