"""A service under load: web and workers as processes; what ingest would send is sent by threads."""

import os
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx2
import sqlalchemy as sa

from service.tables import JobRow, JobState
from tests.faults.facility import QUICK_WORKER, Facility, facility_on
from tests.faults.quick_worker import TILE_S

LONG = os.environ.get("XCRYONET_BENCH_LONG") == "1"  # noqa: TID251 - a benchmark's own switch
"""Whether load is kept up for minutes instead of seconds."""

TILE_COSTS_S = 0.2
"""What the network's stand-in takes for a tile, so that the service is measured and not the GPU."""

READY_S = 120.0


@contextmanager
def service_under_load(url: str, folder: Path, workers: int = 1) -> Iterator[Facility]:
    """Run web and workers over a new database until the block ends.

    Raises:
        TimeoutError: the service does not answer.
    """
    with facility_on(url, folder) as facility:
        del facility.parts["ingest"]
        for number in range(1, workers):
            facility.add(f"worker{number}", QUICK_WORKER)
        for part in facility.parts.values():
            part.environment |= {"XCRYONET_MAX_REQUESTS_PER_S": "1e6", TILE_S: str(TILE_COSTS_S)}
        facility.keep_up()
        until = time.monotonic() + READY_S
        while not _answers(facility):
            if time.monotonic() > until:
                raise TimeoutError(f"{facility.url} does not answer after {READY_S:.0f} s")
            time.sleep(0.2)
        yield facility


def grid_ids(facility: Facility) -> list[str]:
    """List the ids of all grids."""
    headers = {"Authorization": f"Bearer {facility.token}"}
    answer = httpx2.get(f"{facility.url}/api/v1/grids", headers=headers)
    return [str(item["id"]) for item in answer.json()["items"]]


def wait_for_scores(facility: Facility) -> None:
    """Wait until no tile waits for a worker; one that ended is started again, as everywhere."""
    going = (JobState.QUEUED, JobState.RUNNING, JobState.FAILED)
    question = sa.select(sa.func.count()).select_from(JobRow).where(JobRow.state.in_(going))
    while True:
        with facility.database.read() as db:
            if not db.scalar(question):
                return
        facility.keep_up()
        time.sleep(0.2)


def cpu_s(pid: int) -> float:
    """Get the CPU seconds that a process has taken so far, which a busy machine does not change."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(fields[n]) for n in (11, 12)) / os.sysconf("SC_CLK_TCK")


def p95(values: Sequence[float]) -> float:
    """Get what 95 of 100 do not exceed; NaN of fewer than two."""
    return statistics.quantiles(values, n=20)[-1] if len(values) > 1 else float("nan")


def _answers(facility: Facility) -> bool:
    try:
        return httpx2.get(f"{facility.url}/readyz").status_code == 200
    except httpx2.TransportError:
        return False
