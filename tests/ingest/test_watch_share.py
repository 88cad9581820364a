"""A bindfs mount stays silent about what is written behind it, as a network share does."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.filesystem import find_silent_mount
from ingest.watch import WatchState
from tests.ingest.epu_files import atlas_folder, film, mrc_bytes, tile_name
from tests.ingest.watching import Watching, quick
from tests.needs import Part, needs

MRC = mrc_bytes(film())


class Share:
    """A folder, and the mount under which it is seen."""

    def __init__(self, program: Path, folder: Path) -> None:
        self.program = program
        self.back, self.mount_point = folder / "back", folder / "share"
        self.back.mkdir()
        self.mount_point.mkdir()
        self.server: subprocess.Popen[bytes] | None = None

    def mount(self) -> None:
        command = [self.program, "-f", self.back, self.mount_point]
        self.server = subprocess.Popen(command)
        while self.server.poll() is None and not self.mount_point.is_mount():
            time.sleep(0.005)

    def kill(self) -> None:
        """End the server as a crash would: the mount stays and answers with errors."""
        if self.server is not None:
            self.server.kill()
            self.server.wait()

    def unmount(self) -> None:
        subprocess.run(["umount", "--lazy", self.mount_point], check=True)
        if self.server is not None:
            self.server.wait()
            self.server = None

    def write_tile(self, index: int) -> None:
        """Write behind the mount, as another machine would."""
        (atlas_folder(self.back) / f"{tile_name(index)}.mrc").write_bytes(MRC)


@pytest.fixture
def share(tmp_path: Path) -> Iterator[Share]:
    share = Share(needs(Part.BINDFS), tmp_path)
    share.mount()
    yield share
    if share.server is not None:
        share.unmount()


def test_a_silent_share_is_recognised(share: Share) -> None:
    found = find_silent_mount(share.mount_point)
    assert found is not None
    assert found.kind.startswith("fuse")


def test_tiles_on_a_silent_share_are_found_by_listing(share: Share) -> None:
    with Watching(share.mount_point, quick(polling=None)) as watching:
        watching.for_notices(2)
        assert watching.notices[-1].polling
        share.write_tile(0)
        watching.until_files(1)
        share.write_tile(1)
        watching.until_files(2)
    assert watching.names() == [f"{tile_name(0)}.mrc", f"{tile_name(1)}.mrc"]


def test_tiles_are_found_even_when_the_share_passes_for_a_local_disk(share: Share) -> None:
    with Watching(share.mount_point, quick(polling=False)) as watching:
        watching.for_notices(2)
        assert not watching.notices[-1].polling
        share.write_tile(0)
        watching.until_files(1)


def test_a_share_that_drops_out_is_caught_up_with(share: Share) -> None:
    share.write_tile(0)
    with Watching(share.mount_point, quick(polling=None)) as watching:
        watching.until_files(1)
        share.unmount()
        watching.until(lambda: watching.notices[-1].state is WatchState.FOLDER_MISSING)
        share.write_tile(1)
        share.mount()
        watching.until_files(2)
        assert watching.notices[-1].state is WatchState.WATCHING
        assert watching.names() == [f"{tile_name(0)}.mrc", f"{tile_name(1)}.mrc"]


def test_a_share_whose_server_dies_is_caught_up_with(share: Share) -> None:
    share.write_tile(0)
    with Watching(share.mount_point, quick(polling=None)) as watching:
        watching.until_files(1)
        share.kill()
        watching.until(lambda: watching.notices[-1].state is WatchState.FOLDER_MISSING)
        assert "not connected" in (watching.notices[-1].reason or "")
        share.unmount()
        share.write_tile(1)
        share.mount()
        watching.until_files(2)
        assert watching.names() == [f"{tile_name(0)}.mrc", f"{tile_name(1)}.mrc"]
