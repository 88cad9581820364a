from datetime import timedelta
from threading import Event

import pytest
import sqlalchemy as sa

from service.database import Database
from service.heartbeat import Heartbeat, WorkerLostError, beat_until, new_worker_id
from service.tables import WorkerRow, WorkerState, utc_now


class NotedQueue:
    def __init__(self) -> None:
        self.released: list[list[str]] = []

    def release(self, worker_ids: list[str]) -> list[str]:
        self.released.append(worker_ids)
        return [f"job of {worker_id}" for worker_id in worker_ids]


def sign_on(database: Database, queue: NotedQueue, name: str) -> Heartbeat:
    heartbeat = Heartbeat(database, queue, name, lease_s=6.0)
    heartbeat.sign_on(device="cpu", model_id=None)
    return heartbeat


def fall_silent(database: Database, name: str, seconds: float) -> None:
    with database.write() as session:
        seen_at = utc_now() - timedelta(seconds=seconds)
        session.execute(sa.update(WorkerRow).where(WorkerRow.id == name).values(seen_at=seen_at))


def list_workers(database: Database) -> dict[str, WorkerState]:
    with database.read() as session:
        return {row.id: row.state for row in session.scalars(sa.select(WorkerRow))}


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_jumps_hides_no_dead_worker(database: Database, hours: int) -> None:
    queue = NotedQueue()
    alive = sign_on(database, queue, "alive")
    sign_on(database, queue, "dead")
    for name in ("alive", "dead"):
        fall_silent(database, name, hours * 3600)

    alive.beat(WorkerState.IDLE)

    assert set(list_workers(database)) == {"alive"}
    assert queue.released == [["dead"]]


def test_a_silent_worker_loses_its_row_and_its_jobs(database: Database) -> None:
    queue = NotedQueue()
    alive = sign_on(database, queue, "alive")
    sign_on(database, queue, "silent")
    fall_silent(database, "silent", 7)

    taken = alive.beat(WorkerState.BUSY)

    assert taken == ["job of silent"]
    assert queue.released == [["silent"]]
    assert list_workers(database) == {"alive": WorkerState.BUSY}


def test_a_worker_within_its_lease_is_left_alone(database: Database) -> None:
    queue = NotedQueue()
    alive = sign_on(database, queue, "alive")
    sign_on(database, queue, "slow")
    fall_silent(database, "slow", 4)

    assert alive.beat(WorkerState.IDLE) == []
    assert queue.released == []


def test_a_worker_that_was_declared_dead_learns_it_at_its_next_beat(database: Database) -> None:
    queue = NotedQueue()
    late = sign_on(database, queue, "late")
    other = sign_on(database, queue, "other")
    fall_silent(database, "late", 7)
    other.beat(WorkerState.IDLE)

    with pytest.raises(WorkerLostError, match="late"):
        late.beat(WorkerState.IDLE)
    with pytest.raises(WorkerLostError, match="late"):
        beat_until(Event(), late, lambda: WorkerState.IDLE, every_s=0.01)


def test_a_worker_that_was_alone_and_asleep_takes_up_where_it_was(database: Database) -> None:
    queue = NotedQueue()
    asleep = sign_on(database, queue, "asleep")
    fall_silent(database, "asleep", 3600)

    assert asleep.beat(WorkerState.IDLE) == []
    assert list_workers(database) == {"asleep": WorkerState.IDLE}


def test_a_worker_that_signs_off_gives_back_what_it_holds(database: Database) -> None:
    queue = NotedQueue()
    leaving = sign_on(database, queue, "leaving")

    leaving.sign_off()

    assert queue.released == [["leaving"]]
    assert list_workers(database) == {}


def test_no_two_workers_have_one_id() -> None:
    assert len({new_worker_id() for _ in range(50)}) == 50
