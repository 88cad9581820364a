import os
import random
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from ingest.epu import read_pixels
from ingest.records import FileState
from ingest.scan import FolderMissingError
from ingest.watch import WatchState, existing_files, settled_files
from tests.ingest.epu_files import atlas_dm_xml, atlas_folder, film, image_xml, mrc_bytes, tile_name
from tests.ingest.watching import Watching, quick

MRC = mrc_bytes(film())
NEVER_S = 1000.0
ways = pytest.mark.parametrize("polling", [True, False], ids=["polling", "events"])


def test_what_is_there_comes_first_in_natural_order_and_once(tmp_path: Path) -> None:
    folder = atlas_folder(tmp_path)
    for index in (10, 9, 0):
        (folder / f"{tile_name(index)}.mrc").write_bytes(MRC)
        (folder / f"{tile_name(index)}.xml").write_text(image_xml())
    (folder.parent / "Sample.dm").write_text("<SampleXml/>")
    with Watching(tmp_path, quick(polling=True)) as watching:
        watching.until_files(7)
        watching.for_notices(5)
        assert watching.names() == [
            "Sample.dm",
            *(f"{tile_name(index)}.{suffix}" for index in (0, 9, 10) for suffix in ("xml", "mrc")),
        ]


@ways
def test_a_tile_written_in_pieces_is_handed_out_once_and_whole(
    tmp_path: Path, polling: bool
) -> None:
    path = atlas_folder(tmp_path) / f"{tile_name(0)}.mrc"
    with Watching(tmp_path, quick(polling=polling)) as watching:
        watching.for_notices(2)
        with path.open("wb", buffering=0) as stream:
            for start in (0, 2000, 4000):
                stream.write(MRC[start : start + 2000])
                watching.for_notices(4)
                assert watching.files == []
            stream.write(MRC[6000:])
        watching.until_files(1)
        watching.for_notices(5)
    assert [(file.size, file.attempts, file.problem) for file in watching.files] == [
        (len(MRC), 1, None)
    ]


@ways
def test_a_pre_allocated_tile_waits_until_it_is_filled(tmp_path: Path, polling: bool) -> None:
    path = atlas_folder(tmp_path) / f"{tile_name(0)}.mrc"
    path.write_bytes(MRC[:3000].ljust(len(MRC), b"\0"))
    with Watching(tmp_path, quick(polling=polling)) as watching:
        watching.for_notices(6)
        assert watching.files == []
        with path.open("r+b") as stream:
            stream.write(MRC)
        watching.until_files(1)
        assert np.array_equal(read_pixels(watching.files[0].path), film())


def test_a_dark_tile_is_handed_out_after_a_quiet_time(tmp_path: Path) -> None:
    path = atlas_folder(tmp_path) / f"{tile_name(0)}.mrc"
    path.write_bytes(mrc_bytes(np.zeros((48, 64), np.uint16)))
    with Watching(tmp_path, quick(polling=True)) as watching:
        relative = path.relative_to(tmp_path).as_posix()
        watching.until(lambda: watching.ledger.size == 1)
        watching.until(lambda: watching.ledger.get(relative).state is FileState.WAITING)
        assert "all zero" in (watching.ledger.get(relative).reason or "")
        assert watching.until_files(1)[0].problem is None


@ways
def test_a_tile_that_stays_short_is_reported_once_and_comes_again_when_it_is_whole(
    tmp_path: Path, polling: bool
) -> None:
    path = atlas_folder(tmp_path) / f"{tile_name(0)}.mrc"
    path.write_bytes(MRC[:-500])
    relative = path.relative_to(tmp_path).as_posix()
    with Watching(tmp_path, quick(polling=polling)) as watching:
        reported = watching.until_files(1)[0]
        assert reported.problem == f"incomplete: {len(MRC) - 500} of {len(MRC)} bytes"
        assert watching.ledger.get(relative).state is FileState.FAILED
        watching.for_notices(10)
        assert len(watching.files) == 1
        assert watching.notices[-1].files_pending == 0
        path.write_bytes(MRC)
        watching.until_files(2)
        assert (watching.files[1].problem, watching.files[1].attempts) == (None, 2)


@ways
@pytest.mark.parametrize("temporary", [".Tile.mrc.Xa81bc", "Tile.mrc.part", "~Tile.tmp"])
def test_a_temporary_name_means_nothing_until_it_is_renamed(
    tmp_path: Path, polling: bool, temporary: str
) -> None:
    folder = atlas_folder(tmp_path)
    path = folder / f"{tile_name(0)}.mrc"
    with Watching(tmp_path, quick(polling=polling)) as watching:
        (folder / temporary).write_bytes(MRC)
        watching.for_notices(6)
        assert watching.notices[-1].files_seen == 0
        (folder / temporary).rename(path)
        assert watching.until_files(1)[0].path == path


def test_events_alone_tell_of_a_new_tile_and_of_a_folder_moved_in(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    folder = atlas_folder(root)
    (atlas_folder(outside, 2) / f"{tile_name(5)}.mrc").write_bytes(MRC)
    with Watching(root, quick(polling=False, rescan_s=NEVER_S)) as watching:
        watching.until(lambda: watching.notices[-1:] != [] and not watching.notices[-1].polling)
        (folder / f"{tile_name(0)}.mrc").write_bytes(MRC)
        watching.until_files(1)
        sample = atlas_folder(outside, 2).parent
        sample.rename(folder.parent.parent / "Sample2")
        watching.until_files(2)
    assert watching.names() == [f"{tile_name(0)}.mrc", f"{tile_name(5)}.mrc"]


@ways
@pytest.mark.parametrize("by_rename", [True, False], ids=["renamed", "in-place"])
def test_a_rewritten_atlas_dm_is_handed_out_each_time(
    tmp_path: Path, polling: bool, by_rename: bool
) -> None:
    path = atlas_folder(tmp_path) / "Atlas.dm"
    path.write_text(atlas_dm_xml(""))
    with Watching(tmp_path, quick(polling=polling)) as watching:
        for count in range(1, 5):
            watching.until_files(count)
            target = path.with_name("new") if by_rename else path
            target.write_text(atlas_dm_xml("<a/>" * count))
            target.rename(path)
        watching.until_files(5)
        assert [file.attempts for file in watching.files] == [1, 2, 3, 4, 5]


def test_a_half_written_atlas_dm_is_not_handed_out(tmp_path: Path) -> None:
    path = atlas_folder(tmp_path) / "Atlas.dm"
    path.write_text(atlas_dm_xml("<a/>" * 500)[:-20])
    with Watching(tmp_path, quick(polling=True)) as watching:
        watching.for_notices(8)
        assert watching.files == []
        path.write_text(atlas_dm_xml("<a/>" * 500))
        assert watching.until_files(1)[0].problem is None


@ways
def test_a_deleted_file_is_forgotten_and_new_when_it_returns(tmp_path: Path, polling: bool) -> None:
    path = atlas_folder(tmp_path) / f"{tile_name(0)}.mrc"
    path.write_bytes(MRC)
    with Watching(tmp_path, quick(polling=polling)) as watching:
        watching.until_files(1)
        path.unlink()
        watching.until(lambda: watching.notices[-1].files_seen == 0)
        assert watching.ledger.size == 0
        path.write_bytes(MRC)
        assert watching.until_files(2)[1].attempts == 1


@ways
def test_a_folder_that_is_not_there_is_waited_for(tmp_path: Path, polling: bool) -> None:
    root = tmp_path / "later"
    with Watching(root, quick(polling=polling)) as watching:
        watching.for_notices(3)
        assert watching.notices[0].state is WatchState.FOLDER_MISSING
        assert "No such file" in (watching.notices[0].reason or "")
        (atlas_folder(root) / f"{tile_name(0)}.mrc").write_bytes(MRC)
        watching.until_files(1)
        assert watching.notices[-1].state is WatchState.WATCHING


@ways
def test_a_folder_that_vanishes_costs_nothing_but_time(tmp_path: Path, polling: bool) -> None:
    root, away = tmp_path / "share", tmp_path / "away"
    (atlas_folder(root) / f"{tile_name(0)}.mrc").write_bytes(MRC)
    with Watching(root, quick(polling=polling)) as watching:
        watching.until_files(1)
        root.rename(away)
        watching.until(lambda: watching.notices[-1].state is WatchState.FOLDER_MISSING)
        (atlas_folder(away) / f"{tile_name(1)}.mrc").write_bytes(MRC)
        away.rename(root)
        watching.until_files(2)
        assert watching.names() == [f"{tile_name(0)}.mrc", f"{tile_name(1)}.mrc"]
        (atlas_folder(root) / f"{tile_name(2)}.mrc").write_bytes(MRC)
        watching.until_files(3)
        assert watching.notices[-1].polling is polling


def test_a_folder_that_is_suddenly_empty_is_an_unmounted_share(tmp_path: Path) -> None:
    root, away = tmp_path / "share", tmp_path / "away"
    (atlas_folder(root) / f"{tile_name(0)}.mrc").write_bytes(MRC)
    with Watching(root, quick(polling=True)) as watching:
        watching.until_files(1)
        root.rename(away)
        root.mkdir()
        watching.until(lambda: watching.notices[-1].state is WatchState.FOLDER_MISSING)
        assert "is the share mounted?" in (watching.notices[-1].reason or "")
        assert watching.notices[-1].files_seen == 1
        root.rmdir()
        away.rename(root)
        watching.until(lambda: watching.notices[-1].state is WatchState.WATCHING)
        watching.for_notices(5)
        assert len(watching.files) == 1


@pytest.mark.parametrize("moment_s", [4e9, 0.0], ids=["year 2096", "1970"])
def test_dates_of_files_mean_nothing(tmp_path: Path, moment_s: float) -> None:
    path = atlas_folder(tmp_path) / f"{tile_name(0)}.mrc"
    path.write_bytes(MRC)
    os.utime(path, (moment_s, moment_s))
    with Watching(tmp_path, quick(polling=True)) as watching:
        watching.until_files(1)


def test_the_ledger_follows_a_file(tmp_path: Path) -> None:
    path = atlas_folder(tmp_path) / f"{tile_name(0)}.mrc"
    path.write_bytes(MRC)
    relative = path.relative_to(tmp_path).as_posix()
    with Watching(tmp_path, quick(polling=True)) as watching:
        watching.pull()
        (line,) = watching.ledger.take_changes()
        assert (line.path, line.state, line.size) == (relative, FileState.SETTLING, len(MRC))
        assert line.session_key == path.parts[-4]
        watching.until_files(1)
        watching.ledger.mark_read(relative)
        (line,) = watching.ledger.take_changes()
        assert (line.state, line.attempts) == (FileState.READ, 1)


def test_stop_ends_the_watch_between_two_files(tmp_path: Path) -> None:
    folder = atlas_folder(tmp_path)
    for index in range(5):
        (folder / f"{tile_name(index)}.mrc").write_bytes(MRC)
    watching = Watching(tmp_path, quick(polling=True))
    watching.until_files(2)
    watching.stop.set()
    assert [item for item in watching.rest() if item in watching.files] == []
    assert list(settled_files(tmp_path, settings=quick(polling=True), stop=watching.stop)) == []


def test_the_watched_folder_is_left_as_it_is(tmp_path: Path) -> None:
    folder = atlas_folder(tmp_path)
    (folder / f"{tile_name(0)}.mrc").write_bytes(MRC)
    (folder / "Atlas.dm").write_text("<half")

    def state() -> dict[Path, tuple[int, int, int]]:
        stats = {path: path.stat() for path in tmp_path.rglob("*")}
        return {path: (s.st_size, s.st_mtime_ns, s.st_mode) for path, s in stats.items()}

    before = state()
    with Watching(tmp_path, quick(polling=False)) as watching:
        watching.until_files(2)
    assert state() == before


@ways
def test_a_whole_acquisition_arrives_whole(tmp_path: Path, polling: bool) -> None:
    """A writer in another thread uses every way of writing a file that has been seen."""
    folder, dice = atlas_folder(tmp_path), random.Random(7)
    contents = {
        f"{tile_name(index)}.{suffix}": data
        for index in range(24)
        for suffix, data in (("mrc", MRC), ("xml", image_xml().encode()))
    }
    pause = threading.Event()

    def write_all() -> None:
        for name in sorted(contents, key=lambda _: dice.random()):
            write(folder / name, contents[name])

    def write(path: Path, data: bytes) -> None:
        way, cut = dice.randrange(4), dice.randrange(len(data))
        if way == 0:
            path.write_bytes(data)
        elif way == 1:
            temporary = path.with_name(f".{path.name}.tmp")
            temporary.write_bytes(data)
            temporary.rename(path)
        else:
            with path.open("wb") as stream:
                if way == 2:
                    stream.truncate(len(data))
                stream.write(data[:cut])
                stream.flush()
                pause.wait(0.03)
                stream.write(data[cut:])

    writer = threading.Thread(target=write_all)
    with Watching(tmp_path, quick(polling=polling)) as watching:
        writer.start()
        watching.until(lambda: set(watching.names()) == set(contents))
        writer.join()
        assert [file.problem for file in watching.files if file.problem] == []
        last = {file.path.name: file.size for file in watching.files}
    assert last == {name: len(data) for name, data in contents.items()}
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == contents


def test_existing_files_are_listed_once_with_their_problems(tmp_path: Path) -> None:
    folder = atlas_folder(tmp_path)
    (folder / f"{tile_name(1)}.mrc").write_bytes(MRC)
    (folder / f"{tile_name(0)}.mrc").write_bytes(MRC[:2000])
    (folder / f"{tile_name(2)}.mrc").write_bytes(mrc_bytes(np.zeros((48, 64), np.uint16)))
    found = list(existing_files(tmp_path))
    assert [(file.file.index, file.problem) for file in found] == [
        (0, f"incomplete: 2000 of {len(MRC)} bytes"),
        (1, None),
        (2, None),
    ]
    shutil.rmtree(tmp_path)
    with pytest.raises(FolderMissingError):
        list(existing_files(tmp_path))


@pytest.mark.real
def test_a_real_session_is_listed_in_the_order_of_its_tiles(real_session: Path) -> None:
    found = list(existing_files(real_session))
    assert [file.problem for file in found if file.problem] == []
    tiles = [file.file.index for file in found if file.file.suffix == "xml" and file.file.tile_id]
    assert tiles == [*range(35), *range(35)]
