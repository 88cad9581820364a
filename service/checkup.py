"""What `xcryonet doctor` looks at: packages, folders, database; a line for each finding."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from service.database import Database, find_missing_migration
from service.settings import Settings

PACKAGES = {
    "numpy": "",
    "opencv-python-headless": "ingest",
    "mrcfile": "ingest",
    "watchdog": "ingest",
    "torch": "model",
    "fastapi": "service",
    "sqlalchemy": "service",
    "psycopg": "service",
    "dbos": "service",
}
"""Packages that matter, and the extra that brings each."""

LEAST_FREE_GB = 2.0
"""Below so much free space, a warning: a session's crops and pyramids take about 1 GB."""


class Health(StrEnum):
    """How a finding is to be taken."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    health: Health
    detail: str


def check_packages() -> Iterator[Finding]:
    """Look at Python and the packages; one that only another part needs is no failure."""
    yield Finding("python", Health.OK, f"{sys.version.split()[0]} at {sys.executable}")
    for name, extra in PACKAGES.items():
        try:
            yield Finding(name, Health.OK, version(name))
        except PackageNotFoundError:
            hint = f"not installed: pip install 'xcryonet[{extra}]'"
            yield Finding(name, Health.WARNING, hint)


def check_device() -> Finding:
    """Look for a CUDA device."""
    try:
        cuda = import_module("torch").cuda
    except ModuleNotFoundError:
        return Finding("device", Health.WARNING, "no torch: this machine cannot be a worker")
    if not cuda.is_available():
        return Finding("device", Health.OK, "CPU (no CUDA device found)")
    memory_gb = cuda.get_device_properties(0).total_memory / 2**30
    return Finding("device", Health.OK, f"{cuda.get_device_name(0)}, {memory_gb:.0f} GiB")


def check_data_folder(folder: Path) -> Finding:
    """Look whether the data folder, or the one it would be made in, can be written and has room."""
    place = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    try:
        with tempfile.NamedTemporaryFile(dir=place, prefix=".xcryonet-doctor-"):
            free_gb = shutil.disk_usage(place).free / 2**30
    except OSError as error:
        return Finding("data folder", Health.FAILED, f"{folder}: cannot be written: {error}")
    made = "" if place == folder else " (will be made)"
    health = Health.OK if free_gb >= LEAST_FREE_GB else Health.WARNING
    return Finding("data folder", health, f"{folder}{made}: writable, {free_gb:.1f} GiB free")


def check_database(settings: Settings) -> Finding:
    """Look whether the database answers and is of this version."""
    shown = settings.url.render_as_string()
    if (
        settings.url.get_backend_name() == "sqlite"
        and not Path(settings.url.database or "").exists()
    ):
        return Finding("database", Health.OK, f"{shown}: not made yet; `xcryonet run` makes it")
    database = Database(settings.url)
    try:
        missing = find_missing_migration(database.engine)
    except DBAPIError as error:
        return Finding("database", Health.FAILED, f"{shown}: cannot be reached: {error.orig}")
    finally:
        database.close()
    if missing is not None:
        return Finding("database", Health.FAILED, f"{shown}: {missing}")
    return Finding("database", Health.OK, f"{shown}: at this version")


def check_watch_folder(folder: Path) -> Finding:
    """Look whether the watched folder can be read, and for the session folders in it."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries]
    except OSError as error:
        return Finding("watch folder", Health.FAILED, f"{folder}: cannot be read: {error}")
    if any(name.startswith("Sample") for name in names) or folder.name.startswith("Sample"):
        return Finding("watch folder", Health.OK, f"{folder}: readable, one session's folder")
    sessions = sum(name.startswith("Supervisor_") for name in names)
    if not sessions:
        detail = f"{folder}: readable, no session folder in it yet; is the share mounted?"
        return Finding("watch folder", Health.WARNING, detail)
    return Finding("watch folder", Health.OK, f"{folder}: readable, {sessions} session folders")
