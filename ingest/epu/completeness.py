"""Say whether a file that has stopped changing is whole, from its bytes alone.

Equal size and time are not enough: a writer may pause, and a pre-allocated file has its final size
from the start. Nothing is parsed here beyond headers, so that a look costs little.
"""

import os
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from ingest.epu.errors import EpuError, IncompleteFile
from ingest.epu.image_xml import read_image_xml
from ingest.epu.jpeg import jpeg_is_whole
from ingest.epu.mrc import read_mrc_header
from ingest.epu.tiff import read_tiff_layout

_XML_ROOT = re.compile(rb"<([A-Za-z_][\w.:-]*)(?=[\s/>])")
_XML_PROLOG = re.compile(rb"^\xef\xbb\xbf|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_XML_HEAD_BYTES = 4096
_XML_TAIL_BYTES = 256


class Completeness(StrEnum):
    """What a look at the bytes says."""

    WHOLE = "whole"
    ZERO_TAIL = "zero_tail"
    PARTIAL = "partial"


@dataclass(frozen=True, slots=True)
class Inspection:
    """A look at one file.

    Attributes:
        completeness: `WHOLE` also for a file that is no good: reading it then says why.
        reason: Why it is not whole.
        size: Bytes when it was opened.
        mtime_ns: Time of modification when it was opened.
    """

    completeness: Completeness
    reason: str | None
    size: int
    mtime_ns: int


def inspect_file(path: Path) -> Inspection:
    """Look at a file's header and tail. Raises OSError when it cannot be opened."""
    look = _LOOKS.get(path.suffix.lower(), _look_at_xml)
    with path.open("rb") as stream:
        status = os.fstat(stream.fileno())
        try:
            completeness, reason = look(stream, path, status.st_size)
        except IncompleteFile as error:
            completeness, reason = Completeness.PARTIAL, str(error)
        except EpuError:
            completeness, reason = Completeness.WHOLE, None
    return Inspection(completeness, reason, status.st_size, status.st_mtime_ns)


def _look_at_mrc(stream: BinaryIO, path: Path, size: int) -> tuple[Completeness, str | None]:
    """By the header's own count, and by the last row."""
    header = read_mrc_header(stream, path)
    if size < header.expected_bytes:
        return _partial(f"{size} of {header.expected_bytes} bytes")
    row_bytes = header.width_px * header.dtype.itemsize
    stream.seek(header.expected_bytes - row_bytes)
    if any(stream.read(row_bytes)) or _is_dark(path):
        return Completeness.WHOLE, None
    return Completeness.ZERO_TAIL, "the last row is all zero: dark, or not written yet"


def _look_at_tiff(stream: BinaryIO, path: Path, size: int) -> tuple[Completeness, str | None]:
    expected = read_tiff_layout(stream, path).expected_bytes
    if size < expected:
        return _partial(f"{size} of {expected} bytes")
    return Completeness.WHOLE, None


def _look_at_jpeg(stream: BinaryIO, _path: Path, size: int) -> tuple[Completeness, str | None]:
    if jpeg_is_whole(_tail(stream, size, 2)):
        return Completeness.WHOLE, None
    return _partial(f"no end-of-image mark after {size} bytes")


def _look_at_xml(stream: BinaryIO, _path: Path, size: int) -> tuple[Completeness, str | None]:
    """By the closing tag of the root element."""
    head = _XML_PROLOG.sub(b"", stream.read(_XML_HEAD_BYTES))
    if not head.strip(b"\0 \r\n\t"):
        return _partial(f"nothing but {size} empty bytes")
    root = _XML_ROOT.search(head)
    if root is None:
        return Completeness.WHOLE, None
    tail = _tail(stream, size, _XML_TAIL_BYTES).rstrip()
    if tail.endswith(b"</" + root[1] + b">") or (tail.endswith(b"/>") and head.count(b"<") == 1):
        return Completeness.WHOLE, None
    return _partial(f"no </{root[1].decode()}> at the end of {size} bytes")


def _partial(found: str) -> tuple[Completeness, str]:
    return Completeness.PARTIAL, f"incomplete: {found}"


def _tail(stream: BinaryIO, size: int, count: int) -> bytes:
    stream.seek(max(size - count, 0))
    return stream.read(count)


def _is_dark(mrc: Path) -> bool:
    """True when the XML beside it says that no electron reached the camera."""
    try:
        return read_image_xml(mrc.with_suffix(".xml")).dose_per_px == 0
    except (OSError, EpuError):
        return False


_LOOKS = {
    ".mrc": _look_at_mrc,
    ".tif": _look_at_tiff,
    ".tiff": _look_at_tiff,
    ".jpg": _look_at_jpeg,
}
