"""One fault at a time: what is there to be lost is not, and it goes on by itself afterwards."""

import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import httpx2
import pytest
import sqlalchemy as sa

from service.tables import AtlasRow, JobRow, JobState, SquareRow, SquareStatus
from tests.faults.chaos import make_session, run_calmly
from tests.faults.facility import Facility, facility_on
from tests.faults.outcome import describe, is_finished, list_faults, read_outcome
from tests.faults.quick_worker import POISON, TILE_S
from tests.needs import Part, needs
from tests.pipeline.running import wait_for
from tests.postgres import PostgresServer, stoppable_postgres

pytestmark = pytest.mark.timeout(900)

LONG_S = 600.0


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    make_session(folder, seed=5)
    return folder


def sqlite_in(folder: Path) -> str:
    return f"sqlite:///{folder / 'screening.sqlite'}"


def finish(facility: Facility) -> None:
    def finished() -> bool:
        facility.keep_up()
        return is_finished(facility.database, 1)

    try:
        wait_for("the session to be finished", finished, timeout_s=LONG_S)
    except AssertionError as error:
        raise AssertionError(describe(facility.database)) from error


def take_in(facility: Facility) -> None:
    """Have the atlas read to its end while nothing is scored."""
    for name in ("web", "ingest"):
        facility.parts[name].start()
    complete = sa.select(sa.func.count()).select_from(AtlasRow).where(AtlasRow.complete)
    wait_for("the atlas", lambda: has(facility, lambda: complete), timeout_s=LONG_S)


def has(facility: Facility, question: Callable[[], sa.Select[tuple[int]]]) -> bool:
    with facility.database.read() as db:
        return bool(db.scalar(question()))


def count_jobs(*states: JobState) -> sa.Select[tuple[int]]:
    return sa.select(sa.func.count()).select_from(JobRow).where(JobRow.state.in_(states))


def test_a_tile_that_kills_its_worker_is_given_up_alone_and_tried_again_once_asked_for(
    made: Path, tmp_path: Path
) -> None:
    with facility_on(sqlite_in(tmp_path), tmp_path) as facility:
        worker = facility.parts["worker"]
        worker.environment |= {"XCRYONET_MAX_DEATHS": "2", "XCRYONET_LEASE_S": "3"}
        worker.environment[POISON] = str(tmp_path / "poison")
        shutil.copytree(made, facility.watch, dirs_exist_ok=True)
        take_in(facility)  # a square found on two tiles would kill for both, one after the other
        finish(facility)
        with facility.database.read() as db:
            dead = db.scalars(sa.select(JobRow).where(JobRow.state == JobState.DEAD)).all()
            failed = set(db.scalars(_tiles_of(SquareStatus.FAILED)))
            scored = set(db.scalars(_tiles_of(SquareStatus.SCORED)))
        del worker.environment[POISON]
        worker.end(signal.SIGTERM)
        worker.start()
        answer = httpx2.post(f"{facility.url}/api/v1/jobs/{dead[0].id}/retry")
        finish(facility)

        assert [job.reason for job in dead] == ["2 workers died in it"]
        assert failed == {dead[0].tile_id}
        assert scored
        assert scored.isdisjoint(failed)
        assert answer.status_code == 200
        assert list_faults(facility.database, facility.data / "blobs") == []


def _tiles_of(status: SquareStatus) -> sa.Select[tuple[UUID]]:
    return sa.select(SquareRow.tile_id).where(SquareRow.status == status)


@pytest.mark.postgres
def test_a_database_that_is_away_for_a_while_costs_no_job_an_attempt(
    made: Path, tmp_path: Path
) -> None:
    with stoppable_postgres() as server, facility_on(server.url, tmp_path) as facility:
        facility.parts["worker"].environment[TILE_S] = "1"
        shutil.copytree(made, facility.watch, dirs_exist_ok=True)
        facility.keep_up()
        wait_for(
            "a job to run",
            lambda: has(facility, lambda: count_jobs(JobState.RUNNING)),
            timeout_s=LONG_S,
            pause_s=0.05,
        )
        _restart(server)
        finish(facility)

        assert list_faults(facility.database, facility.data / "blobs") == []
        with facility.database.read() as db:
            assert db.scalar(sa.select(sa.func.sum(JobRow.failures))) == 0


def _restart(server: PostgresServer) -> None:
    server.stop()
    time.sleep(5)
    server.start()


def test_a_disk_that_fills_up_delays_and_loses_nothing(made: Path, tmp_path: Path) -> None:
    needs(Part.TMPFS)
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "none", str(disk)], check=True)
    try:
        with facility_on(f"sqlite:///{disk / 'screening.sqlite'}", disk) as facility:
            filler = disk / "filler"
            free = shutil.disk_usage(disk).free
            filler.write_bytes(bytes(free - 300_000))
            shutil.copytree(made, tmp_path / "watch")
            words = facility.parts["ingest"].words
            words[words.index("--watch") + 1] = str(tmp_path / "watch")
            facility.parts["ingest"].log = tmp_path / "ingest.log"
            until = time.monotonic() + 12
            while time.monotonic() < until:
                facility.keep_up()
                time.sleep(0.2)
            filler.unlink()
            finish(facility)

            assert list_faults(facility.database, facility.data / "blobs") == []
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_service_out_of_reach_is_waited_for_and_told_everything(
    made: Path, tmp_path: Path
) -> None:
    calm = run_calmly(sqlite_in(tmp_path / "calm"), tmp_path / "calm", made)
    with facility_on(sqlite_in(tmp_path), tmp_path / "here") as facility:
        shutil.copytree(made, facility.watch, dirs_exist_ok=True)
        facility.parts["ingest"].start()
        time.sleep(8)
        finish(facility)

        assert read_outcome(facility.database) == calm
        log = (tmp_path / "here" / "ingest.log").read_text()
        assert "service did not take a record" in log
        assert facility.token not in log


def test_a_worker_that_was_frozen_past_its_lease_ends_itself_and_writes_nothing(
    made: Path, tmp_path: Path
) -> None:
    with facility_on(sqlite_in(tmp_path), tmp_path) as facility:
        frozen = facility.parts["worker"]
        frozen.environment[TILE_S] = "2"
        other = facility.add("other", frozen.words)
        shutil.copytree(made, facility.watch, dirs_exist_ok=True)
        for name in ("web", "ingest", "worker"):
            facility.parts[name].start()
        wait_for(
            "a job to run",
            lambda: has(facility, lambda: count_jobs(JobState.RUNNING)),
            timeout_s=LONG_S,
            pause_s=0.05,
        )
        facility.freeze(frozen)
        other.start()
        wait_for("the rest", lambda: is_finished(facility.database, 1), timeout_s=LONG_S)
        before = read_outcome(facility.database)
        frozen.send(signal.SIGCONT)

        wait_for("the end of the frozen one", lambda: not frozen.is_up, timeout_s=60)
        assert frozen.process is not None
        assert frozen.process.exitcode == 75
        assert read_outcome(facility.database) == before
        assert list_faults(facility.database, facility.data / "blobs") == []
