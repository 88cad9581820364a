import time
from pathlib import Path

import pytest

from ingest.epu import classify
from ingest.ledger import Ledger
from ingest.pending import PendingFiles, SettledFile
from ingest.records import FileState
from ingest.settle import SettleTimes
from tests.ingest.epu_files import atlas_folder, film, mrc_bytes, tile_name

AT_ONCE = SettleTimes(settle_s=0.0, observations=1, quiet_s=0.0, stall_s=0.0)
LONG = SettleTimes(settle_s=0.0, observations=1, quiet_s=1000.0, stall_s=1000.0)
MRC = mrc_bytes(film())


class Folder:
    """A folder of tiles, and what is pending in it."""

    def __init__(self, root: Path, times: SettleTimes) -> None:
        self.root = root
        self.atlas = atlas_folder(root)
        self.ledger = Ledger()
        self.files = PendingFiles(root, times, self.ledger)

    def see(self, path: Path, *, live: bool = False) -> None:
        file = classify(self.root, path)
        assert file is not None
        status = path.stat()
        signature = (status.st_size, status.st_mtime_ns)
        self.files.see(file, path, signature, now=time.monotonic(), live=live)

    def tile(self, index: int, data: bytes = MRC) -> Path:
        path = self.atlas / f"{tile_name(index)}.mrc"
        path.write_bytes(data)
        return path

    def examine(self) -> list[SettledFile | None]:
        return [self.files.examine(watched) for watched in self.files.due()]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path, AT_ONCE)


def test_new_tiles_go_before_the_backlog(folder: Folder) -> None:
    for index, live in [(11, False), (2, False), (12, True), (7, True)]:
        folder.see(folder.tile(index), live=live)
    assert [watched.file.index for watched in folder.files.due()] == [7, 12, 2, 11]


def test_a_large_backlog_is_handed_out_in_batches(folder: Folder) -> None:
    for index in range(100):
        folder.see(folder.tile(index))
    first, second = folder.examine(), folder.examine()
    found = [settled.file.index for settled in first + second if settled]
    assert len(first) == 64
    assert found == list(range(100))
    assert folder.files.waiting == 0
    assert folder.files.next_look_at == float("inf")


def test_a_file_that_cannot_be_opened_is_reported_and_tried_again(folder: Folder) -> None:
    path = folder.atlas / f"{tile_name(0)}.mrc"
    path.mkdir()  # opening a folder fails for every user, root included
    folder.see(path)
    (reported,) = folder.examine()
    assert reported is not None
    assert "Is a directory" in (reported.problem or "")
    assert folder.ledger.get(reported.relative).state is FileState.FAILED
    assert folder.examine() == [None]
    path.rmdir()
    folder.tile(0)
    (whole,) = folder.examine()
    assert whole is not None
    assert (whole.problem, whole.attempts) == (None, 2)


def test_a_file_that_is_gone_when_its_turn_comes_is_forgotten(folder: Folder) -> None:
    path = folder.tile(0)
    folder.see(path)
    path.unlink()
    assert folder.examine() == [None]
    assert folder.files.seen == folder.ledger.size == 0


def test_files_in_a_folder_that_could_not_be_listed_are_kept(folder: Folder) -> None:
    kept, gone = folder.tile(0), folder.root / "Sample.dm"
    gone.touch()
    folder.see(kept)
    folder.see(gone)
    folder.files.keep_only([], unknown=[folder.atlas])
    assert folder.files.seen == 1
    folder.files.keep_only([], unknown=[])
    assert folder.files.seen == 0


def test_an_incomplete_file_waits_with_its_reason(tmp_path: Path) -> None:
    folder = Folder(tmp_path, LONG)
    path = folder.tile(0, MRC[:2000])
    folder.see(path)
    assert folder.examine() == [None]
    line = folder.ledger.get(path.relative_to(tmp_path).as_posix())
    assert (line.state, line.reason) == (
        FileState.WAITING,
        f"incomplete: 2000 of {len(MRC)} bytes",
    )
    assert folder.files.waiting == 1
    assert folder.files.next_look_at <= time.monotonic()


def test_the_ledger_keys_files_by_forward_slashes_from_the_watched_folder(
    folder: Folder,
) -> None:
    folder.see(folder.tile(3))
    (line,) = folder.ledger.take_changes()
    assert line.path.endswith(f"Sample1/Atlas/{tile_name(3)}.mrc")
    assert line.session_key == line.path.partition("/")[0]
