"""What a test needs of its machine: there, or skipped with the reason, which in CI is a failure.

`needs(Part.CHROMIUM)` in a test or a fixture answers where the part is; CI is where `CI=true`.
`make test` installs what Debian has.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[1]
"""The repository's root."""


class Part(StrEnum):
    """A part of the machine that some tests need, by the name that is reported."""

    CHROMIUM = "chromium"
    POSTGRES = "postgresql server"
    BINDFS = "bindfs"
    DOCKER = "docker engine"
    TMPFS = "a small disk of one's own (mount as root)"
    SHARED = "real material in ../shared"


def needs(part: Part, name: str = "") -> Path:
    """Say where `part` is, or end the test: skipped, in CI failed.

    Args:
        part: What the test cannot do without.
        name: A file or folder inside the part (of `Part.SHARED`, say), which must exist as well.

    Returns:
        The program (Chromium, bindfs, docker) or the folder (PostgreSQL's programs, real
        material).
    """
    where = _FINDERS[part]()
    if where is not None and name:
        where = where / name if (where / name).exists() else None
    if where is None:
        _without(part, name)
    return where


def in_ci() -> bool:
    """Whether a missing part is an error: the variable CI says `true`."""
    return os.environ.get("CI", "").lower() == "true"  # noqa: TID251 - the test run's, not a setting


def _without(part: Part, name: str) -> NoReturn:
    what = f"{part.value}{f' ({name})' if name else ''} is not on this machine"
    # The real material belongs to nobody's clone, so that even in CI its absence is no mistake.
    if in_ci() and part is not Part.SHARED:
        pytest.fail(f"{what}; in CI everything must be there", pytrace=False)
    pytest.skip(what)


def _find_chromium() -> Path | None:
    return _find_program("chromium", "chromium-browser", "google-chrome")


def _find_postgres() -> Path | None:
    """Find the folder of initdb and pg_ctl: Debian keeps it off the PATH, one for each version."""
    debian = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    found = sorted(debian, key=lambda path: int(path.parts[-3]), reverse=True)
    on_path = _find_program("initdb")
    candidates = [*found, *([on_path.resolve()] if on_path else [])]
    return candidates[0].parent if candidates else None


def _find_bindfs() -> Path | None:
    """Find bindfs where FUSE can really mount: as root or by fusermount, with the device there."""
    fusermount = os.geteuid() == 0 or _find_program("fusermount3", "fusermount") is not None
    return _find_program("bindfs") if fusermount and Path("/dev/fuse").exists() else None


def _find_docker() -> Path | None:
    """Find Docker where an engine runs, or where the tests can start one of their own (as root)."""
    docker, compose = _find_program("docker"), _find_program("docker-compose")
    if docker is None or compose is None:
        return None
    can_start = os.geteuid() == 0 and all(map(_find_program, ("dockerd", "mmdebstrap", "setpriv")))
    if (
        can_start
        or subprocess.run([docker, "info"], check=False, capture_output=True).returncode == 0
    ):
        return docker
    return None


def _engine_answers(docker: Path) -> bool:
    return subprocess.run([docker, "info"], check=False, capture_output=True).returncode == 0


def _find_tmpfs() -> Path | None:
    """Find out whether a small file system can be mounted: as root, and outside most containers."""
    mount = _find_program("mount")
    if mount is None or os.geteuid() != 0:
        return None
    with tempfile.TemporaryDirectory() as folder:
        words = ["-t", "tmpfs", "-o", "size=1m", "none", folder]
        if subprocess.run([mount, *words], check=False, capture_output=True).returncode:
            return None
        subprocess.run(["umount", folder], check=True)
    return mount


def _find_shared() -> Path | None:
    """Find the folder of real material beside the checkout."""
    shared = ROOT.parent / "shared"
    return shared if shared.is_dir() else None


def _find_program(*names: str) -> Path | None:
    found = next(filter(None, map(shutil.which, names)), None)
    return Path(found) if found else None


_FINDERS: dict[Part, Callable[[], Path | None]] = {
    Part.CHROMIUM: _find_chromium,
    Part.POSTGRES: _find_postgres,
    Part.BINDFS: _find_bindfs,
    Part.DOCKER: _find_docker,
    Part.SHARED: _find_shared,
    Part.TMPFS: _find_tmpfs,
}
