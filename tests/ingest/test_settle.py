from pathlib import Path

import pytest

from ingest.epu import Completeness, EpuFile, EpuKind
from ingest.settle import SettleTimes, WatchedFile

TIMES = SettleTimes(settle_s=1.0, observations=3, quiet_s=5.0, stall_s=20.0)
FILE = EpuFile(EpuKind.TILE, "s", 1, 500, 507, 0, "Tile_507_0_500", "mrc")
A, B = (100, 7), (200, 7)


@pytest.fixture
def watched() -> WatchedFile:
    """First observed with content A at time 0."""
    return WatchedFile(FILE, Path("x"), "x", True, A, changed_at=0.0, look_at=1.0)


def test_a_file_is_steady_after_enough_equal_observations(watched: WatchedFile) -> None:
    watched.observe(A, 1.0, TIMES)
    assert not watched.is_steady(TIMES)
    watched.observe(A, 2.0, TIMES)
    assert watched.is_steady(TIMES)
    assert watched.changed_at == 0.0


def test_observations_too_close_to_each_other_count_once(watched: WatchedFile) -> None:
    for moment in (0.1, 0.2, 0.3, 0.99):
        watched.observe(A, moment, TIMES)
    assert watched.equal == 1


def test_a_change_of_size_or_time_starts_again(watched: WatchedFile) -> None:
    watched.observe(A, 1.0, TIMES)
    watched.observe(B, 1.1, TIMES)
    assert (watched.equal, watched.changed_at, watched.look_at) == (1, 1.1, 2.1)
    watched.observe((200, 8), 1.2, TIMES)
    assert watched.changed_at == 1.2


def test_a_time_of_modification_that_goes_back_is_a_change_like_any_other(
    watched: WatchedFile,
) -> None:
    watched.observe((100, 6), 1.0, TIMES)
    assert watched.equal == 1


def test_only_a_content_not_handed_out_is_pending(watched: WatchedFile) -> None:
    assert watched.pending
    watched.delivered = A
    assert not watched.pending
    watched.observe(B, 9.0, TIMES)
    assert watched.pending


def test_a_dark_tail_must_be_quiet_for_longer(watched: WatchedFile) -> None:
    dark = Completeness.ZERO_TAIL
    assert not watched.may_be_read(dark, 4.9, TIMES)
    assert watched.may_be_read(dark, 5.0, TIMES)
    watched.observe(B, 5.0, TIMES)
    assert not watched.may_be_read(dark, 9.9, TIMES)


def test_a_whole_file_may_be_read_at_once_and_a_partial_one_never(watched: WatchedFile) -> None:
    assert watched.may_be_read(Completeness.WHOLE, 0.0, TIMES)
    assert not watched.may_be_read(Completeness.PARTIAL, 1e9, TIMES)
