"""List EPU's files under a folder: names and sizes only, and only where an atlas can lie."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from ingest.epu import EpuFile, classify, may_hold_atlas_files

_MAX_DEPTH = 8


class FolderMissingError(Exception):
    """The watched folder itself cannot be listed."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that means something, as listed."""

    file: EpuFile
    path: Path
    size: int
    mtime_ns: int


@dataclass(slots=True)
class Scan:
    """One listing.

    Attributes:
        files: What was found.
        unreadable: Folders that could not be listed: what lies there is unknown, not gone.
        empty: The watched folder has no entry at all, as an unmounted share has.
    """

    files: list[FoundFile] = field(default_factory=list)
    unreadable: list[Path] = field(default_factory=list)
    empty: bool = False


def scan_folder(root: Path) -> Scan:
    """List the files below `root` that `classify` knows. Opens none, follows links to folders once.

    Raises:
        FolderMissingError: `root` itself cannot be listed.
    """
    scan = Scan()
    visited = {os.path.realpath(root)}
    folders = [(root, 0)]
    while folders:
        folder, depth = folders.pop()
        try:
            entries = _entries(folder)
            inner = [folder / name for name in _folders_in(folder, entries, visited)]
            files = [found for entry in entries for found in _found(root, folder, entry)]
        except OSError as error:  # a share can go away in the middle of a listing
            if folder == root:
                raise FolderMissingError(f"{root}: {error.strerror or error}") from error
            scan.unreadable.append(folder)
            continue
        scan.empty = scan.empty or (folder == root and not entries)
        scan.files += files
        if depth < _MAX_DEPTH:
            folders += [(path, depth + 1) for path in inner]
    return scan


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as listing:
        return list(listing)


def _folders_in(folder: Path, entries: list[os.DirEntry[str]], visited: set[str]) -> list[str]:
    """Names of the folders to list next."""
    promising = (entry for entry in entries if may_hold_atlas_files(folder / entry.name))
    return [entry.name for entry in promising if _leads_on(entry, visited)]


def _leads_on(entry: os.DirEntry[str], visited: set[str]) -> bool:
    """True for a folder; for a link to one only when it is not reached in another way."""
    if not entry.is_dir() or not entry.is_symlink():
        return entry.is_dir()
    target = os.path.realpath(entry.path)
    if any(_overlap(Path(target), Path(known)) for known in visited):
        return False
    visited.add(target)
    return True


def _overlap(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)


def _found(root: Path, folder: Path, entry: os.DirEntry[str]) -> list[FoundFile]:
    """The file, if it means something and is still there."""
    path = folder / entry.name
    file = classify(root, path)
    if file is None or not entry.is_file():
        return []
    try:
        status = entry.stat()
    except FileNotFoundError:
        return []
    return [FoundFile(file, path, status.st_size, status.st_mtime_ns)]
