"""Tell from its path what a file of EPU's folder is, and to which atlas it belongs.

EPU 3 writes `<session>/Sample<k>/Atlas/Tile_<tile>_<index>_<atlas>.mrc|xml|jpg|tiff`. The watched
folder may be the session, any folder above it, one sample folder or that sample's Atlas folder.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_IMAGE_SUFFIX = r"\.(mrc|xml|jpg|tiff?)"
_TILE_STEM = re.compile(r"Tile_(\d{1,18})_(\d{1,9})_(\d{1,18})", re.IGNORECASE)
_TILE = re.compile(rf"({_TILE_STEM.pattern}){_IMAGE_SUFFIX}", re.IGNORECASE)
_ATLAS_IMAGE = re.compile(rf"(Atlas_(\d{{1,18}})){_IMAGE_SUFFIX}", re.IGNORECASE)
_SAMPLE = re.compile(r"Sample(\d{1,9})", re.IGNORECASE)
_SESSION = re.compile(r"Supervisor_", re.IGNORECASE)
_DATA_FOLDER = re.compile(r"Images-Disc\d+|GridSquare_\d+", re.IGNORECASE)

_SUFFIXES = ("dm", "xml", "mrc", "tiff", "jpg")


class EpuKind(StrEnum):
    """What a file describes."""

    SCREENING_SESSION = "screening_session"
    SAMPLE_DM = "sample_dm"
    ATLAS_DM = "atlas_dm"
    ATLAS_IMAGE = "atlas_image"
    TILE = "tile"


_DESCRIPTORS = {
    "screeningsession.dm": EpuKind.SCREENING_SESSION,
    "sample.dm": EpuKind.SAMPLE_DM,
    "atlas.dm": EpuKind.ATLAS_DM,
}


@dataclass(frozen=True, slots=True)
class EpuFile:
    """A file's meaning as far as its path tells.

    Attributes:
        kind: What it describes; a tile's pixels, preview and metadata are all `TILE`.
        session: Name of the session's folder.
        sample: The k of `Sample<k>`; None for session files and for an atlas folder on its own.
        atlas_id: EPU's atlas id, None for descriptors.
        tile_id: EPU's tile id, None unless a tile.
        index: 0-based order of acquisition, None unless a tile.
        stem: Name without suffix: one stem per image.
        suffix: `mrc`, `xml`, `jpg`, `tiff` or `dm`.
    """

    kind: EpuKind
    session: str
    sample: int | None
    atlas_id: int | None
    tile_id: int | None
    index: int | None
    stem: str
    suffix: str


def classify(root: Path, path: Path) -> EpuFile | None:
    """Say what `path` is, or None when it is nothing that an atlas needs.

    Args:
        root: The watched folder.
        path: A file below it, absolute or relative to it. It need not exist.
    """
    folder = (root / path).absolute().parent
    session, sample = _place_of(folder)
    session = as_text(session)
    name = path.name
    if (tile := _TILE.fullmatch(name)) is not None:
        stem, tile_id, index, atlas_id, suffix = tile.groups()
        numbers = (int(atlas_id), int(tile_id), int(index))
        return EpuFile(EpuKind.TILE, session, sample, *numbers, stem, _plain(suffix))
    if (image := _ATLAS_IMAGE.fullmatch(name)) is not None:
        stem, atlas_id, suffix = image.groups()
        kind = EpuKind.ATLAS_IMAGE
        return EpuFile(kind, session, sample, int(atlas_id), None, None, stem, _plain(suffix))
    kind_of_dm = _DESCRIPTORS.get(name.lower())
    if kind_of_dm is None or (kind_of_dm is EpuKind.ATLAS_DM and _is_session_level(folder)):
        return None
    return EpuFile(kind_of_dm, session, sample, None, None, None, path.stem, "dm")


def as_text(name: str) -> str:
    r"""A name as it can be written down: bytes of it that are no UTF-8 as \xe9 and the like."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def may_hold_atlas_files(folder: Path) -> bool:
    """Say whether `folder`, one below the watched folder, is worth looking into.

    A session's data collection folders hold a hundred thousand files and no atlas; a session holds
    sample folders, a sample folder its Atlas folder, and that holds no folders.
    """
    name, parent = folder.name, folder.parent.name
    if name.startswith(".") or _DATA_FOLDER.fullmatch(name):
        return False
    if _SAMPLE.fullmatch(parent):
        return name.lower() == "atlas" or _SESSION.match(name) is not None
    if parent.lower() == "atlas" and _SAMPLE.fullmatch(folder.parent.parent.name):
        return False
    if _SESSION.match(parent):
        return _SAMPLE.fullmatch(name) is not None
    return True


def natural_order(file: EpuFile) -> tuple[str, int, int, int, int, str, int]:
    """Sort key: session, sample, descriptors, tiles by number, never by text; metadata first."""
    rank = list(EpuKind).index(file.kind)
    suffix = _SUFFIXES.index(file.suffix)
    sample = -1 if file.sample is None else file.sample
    return (file.session, sample, rank, file.atlas_id or 0, file.index or 0, file.stem, suffix)


def atlas_id_of(name: str) -> int | None:
    """The atlas id in `Atlas_<id>`, with or without a suffix; None when it is no such name."""
    match = re.fullmatch(r"Atlas_(\d{1,18})(\..*)?", name, re.IGNORECASE)
    return None if match is None else int(match[1])


def tile_index_of(name: str) -> int | None:
    """The order of acquisition in a tile's stem; None when it is no such name."""
    match = _TILE_STEM.fullmatch(name)
    return None if match is None else int(match[2])


def _place_of(folder: Path) -> tuple[str, int | None]:
    """Session name and sample number of the folder that a file lies in."""
    if folder.name.lower() == "atlas":
        folder = folder.parent
    if (match := _SAMPLE.fullmatch(folder.name)) is not None:
        return folder.parent.name or folder.name, int(match[1])
    return folder.name or folder.anchor, None


def _is_session_level(folder: Path) -> bool:
    """True for `Supervisor_*/Atlas`, whose Atlas.dm is always an empty skeleton."""
    return folder.name.lower() == "atlas" and _SESSION.match(folder.parent.name) is not None


def _plain(suffix: str) -> str:
    """One spelling per format."""
    lower = suffix.lower()
    return "tiff" if lower == "tif" else lower
