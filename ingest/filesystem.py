"""Tell whether the operating system reports every change under a folder.

A network share raises no event for what another machine writes to it, and a FUSE mount none for
what is written behind it; such folders are polled.
"""

import ctypes
import re
import sys
from dataclasses import dataclass
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_REMOTE = frozenset(
    {"9p", "acfs", "afs", "autofs", "beegfs", "ceph", "cifs", "coda", "davfs", "drvfs"}
)
_REMOTE |= {"gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs"}
_REMOTE |= {"prl_fs", "pvfs2", "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs", "wekafs"}
_WINDOWS_REMOTE_DRIVE = 4
_OCTAL = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Mount:
    """A mounted file system."""

    point: Path
    kind: str

    @property
    def is_silent(self) -> bool:
        """True when changes made elsewhere raise no event here."""
        return self.kind in _REMOTE or self.kind.startswith("fuse")


def find_silent_mount(folder: Path, mounts: Path = _MOUNTS) -> Mount | None:
    """The mount that keeps events from reaching `folder` or a folder below it, if there is one.

    Where the system has no list of mounts, a folder counts as silent unless it is on a local drive
    of Windows.

    Args:
        folder: The watched folder.
        mounts: The kernel's list of mounts.
    """
    if sys.platform == "win32":
        return _windows_mount(folder)
    try:
        found = parse_mounts(mounts.read_text("utf-8", "surrogateescape"))
        place = folder.resolve()
    except OSError:
        return Mount(folder, "unknown")
    above = [mount for mount in found if place.is_relative_to(mount.point)]
    below = [mount for mount in found if mount.point.is_relative_to(place) and mount.point != place]
    own = max(reversed(above), key=lambda mount: len(mount.point.parts), default=None)
    return next((mount for mount in [own, *below] if mount is not None and mount.is_silent), None)


def parse_mounts(text: str) -> list[Mount]:
    """Read lines of `/proc/self/mountinfo`: mount point in field 5, kind after the dash."""
    mounts = []
    for line in text.splitlines():
        fields, dash, rest = line.partition(" - ")
        parts = fields.split(" ")
        if dash and len(parts) > 4 and rest:
            point = _OCTAL.sub(lambda code: chr(int(code[1], 8)), parts[4])
            mounts.append(Mount(Path(point), rest.split(" ")[0]))
    return mounts


def _windows_mount(folder: Path) -> Mount | None:
    """A share by its `//server/share` name or behind a drive letter."""
    drive = folder.absolute().drive
    if drive.startswith("\\\\"):
        return Mount(Path(drive), "unc")
    if (
        sys.platform == "win32"
        and ctypes.windll.kernel32.GetDriveTypeW(f"{drive}\\") == _WINDOWS_REMOTE_DRIVE
    ):
        return Mount(Path(drive), "mapped drive")
    return None
