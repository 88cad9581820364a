"""Keep the service out of ingest's reach for a while, in the middle of a session.

`python -m tests.faults.outage --seconds 600 --databases sqlite --seed 1`
"""

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path

from service.settings import Settings
from tests.faults.chaos import finish, fresh_databases, make_session, run_calmly, write_while
from tests.faults.facility import Facility, facility_on
from tests.faults.outcome import Outcome, list_faults, read_outcome

HALF_S = 20.0
"""Over which each half of the session is written, the second while the service is away."""

TICK_S = 0.5


def run_outage(kind: str, away_s: float, seed: int) -> list[str]:
    """Screen a session undisturbed and one whose service goes away; give what went wrong."""
    with (
        tempfile.TemporaryDirectory(prefix="outage-") as name,
        fresh_databases(kind, Path(name)) as make,
    ):
        folder = Path(name)
        files = make_session(folder / "made", seed)
        calm = run_calmly(make("calm"), folder / "calm", folder / "made")
        with facility_on(make("outage"), folder / "outage") as facility:
            outcome = _screen(facility, folder / "made", files, away_s)
            faults = list_faults(facility.database, Settings(data_dir=facility.data).blob_dir)
        if outcome != calm:
            faults.append(f"undisturbed it is {calm}, now it is {outcome}")
        return faults


def _screen(facility: Facility, made: Path, files: list[Path], away_s: float) -> Outcome:
    """Take in one half, so that ingest loses a service that it knew; write the other meanwhile."""
    half = len(files) // 2
    facility.keep_up()
    write_while(facility, made, files[:half], HALF_S, _do_nothing)
    away = facility.parts.pop("web")
    away.end(signal.SIGKILL)
    until = time.monotonic() + away_s
    write_while(facility, made, files[half:], HALF_S, _do_nothing)
    while time.monotonic() < until:
        facility.keep_up()
        time.sleep(TICK_S)
    facility.parts["web"] = away
    finish(facility, 1)
    return read_outcome(facility.database)


def _do_nothing() -> None:
    pass


def main() -> int:
    """Do it for each kind of database; 1 when anything was lost, doubled or ranked otherwise."""
    parser = argparse.ArgumentParser(prog="outage", description=__doc__)
    parser.add_argument("--databases", nargs="+", default=["sqlite"])
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that all children are ended
    found = {kind: run_outage(kind, args.seconds, args.seed) for kind in args.databases}
    for kind, faults in found.items():
        said = "; ".join(faults) or "as undisturbed"
        sys.stdout.write(f"{kind}, service away for {args.seconds:.0f} s: {said}\n")
    return 1 if any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
