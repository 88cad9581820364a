"""What a figure was measured on: without it a figure says nothing."""

import os
import platform
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("torch", "numpy", "opencv-python-headless", "sqlalchemy")


@dataclass(frozen=True)
class Machine:
    """A machine and the state of the code on it."""

    processor: str
    cores: int
    memory_gib: float
    system: str
    packages: str
    commit: str
    measured_at: datetime


def this_machine() -> Machine:
    """Describe this machine and the commit that is checked out."""
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count() or 0,
        memory_gib=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30,
        system=f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        packages=", ".join(f"{name} {_version(name)}" for name in PACKAGES),
        commit=_commit(),
        measured_at=datetime.now(UTC),
    )


def _processor() -> str:
    table = Path("/proc/cpuinfo")
    lines = table.read_text().splitlines() if table.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(not installed)"


def _commit() -> str:
    """Get the commit's short hash, with `+` when tracked files differ from it."""
    shown = _git("rev-parse", "--short", "HEAD")
    return f"{shown}+" if _git("status", "--porcelain", "--untracked-files=no") else shown


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else "(no git)"
