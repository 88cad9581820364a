from pathlib import Path

import pytest

from ingest.filesystem import Mount, find_silent_mount, parse_mounts

MOUNTS = r"""22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
40 27 0:50 / /data/epu rw,relatime shared:1 - cifs //mic/offload rw,vers=3.0
41 27 0:51 / /data/local\040disk rw - xfs /dev/sdb rw
42 41 0:52 / /data/local\040disk/remote rw - nfs4 box:/x rw
43 27 0:53 / /data/bind rw - fuse.sshfs mic:/y rw
44 43 0:54 / /data/bind rw - tmpfs tmpfs rw
45 27 0:55 / /data/ntfs rw - fuseblk /dev/sdc1 rw
"""


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    path = tmp_path / "mountinfo"
    path.write_text(MOUNTS)
    return path


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/home/x", None),
        ("/data/epu", "cifs"),
        ("/data/epu/Supervisor_1/Sample2", "cifs"),
        ("/data/epu2", None),
        ("/data/local disk/remote/deep", "nfs4"),
        ("/data/local disk/other", None),
        ("/data/local disk", "nfs4"),  # a share is mounted below it
        ("/data/bind", None),  # a local disk is mounted over the share
        ("/data/ntfs", "fuseblk"),
    ],
)
def test_a_share_is_known_by_the_mount_that_counts(
    mounts: Path, folder: str, kind: str | None
) -> None:
    found = find_silent_mount(Path(folder), mounts)
    assert (found.kind if found else None) == kind


def test_a_system_without_a_list_of_mounts_is_not_trusted(tmp_path: Path) -> None:
    found = find_silent_mount(tmp_path, tmp_path / "no-such-file")
    assert found == Mount(tmp_path, "unknown")


def test_lines_that_make_no_sense_are_left_out() -> None:
    assert parse_mounts("\nnonsense\n1 2 3 - \n1 2 3:4 / /x rw - nfs a rw") == [
        Mount(Path("/x"), "nfs")
    ]


def test_a_temporary_folder_of_this_machine_is_found_among_its_mounts(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    assert find_silent_mount(link) == find_silent_mount(tmp_path)
