"""Read TIFF images, EPU's other format: one grey page, bytes counted first."""

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.epu.errors import NotAnImage, OversizedFile, TruncatedFile
from ingest.epu.mrc import MAX_PIXELS

MAX_TIFF_BYTES = 2**31
_WIDTH, _HEIGHT, _STRIPS, _STRIP_BYTES, _TILES, _TILE_BYTES = 256, 257, 273, 279, 324, 325
_WANTED = (_WIDTH, _HEIGHT, _STRIPS, _STRIP_BYTES, _TILES, _TILE_BYTES)
_INTEGERS = {1: "B", 3: "H", 4: "I", 16: "Q"}
_MAX_ENTRIES = 4096
_MAX_STRIPS = 2**20


@dataclass(frozen=True, slots=True)
class TiffLayout:
    """What the first page's directory says.

    Attributes:
        width_px: Image width.
        height_px: Image height.
        expected_bytes: Least length of a whole file: where its last strip and its directory end.
    """

    width_px: int
    height_px: int
    expected_bytes: int


@dataclass(frozen=True, slots=True)
class _Dialect:
    """Number formats of classic TIFF and BigTIFF in one byte order."""

    order: str
    offset: str
    entry_count: str

    @property
    def offset_bytes(self) -> int:
        return struct.calcsize(self.offset)


def expected_tiff_bytes(path: Path) -> int:
    """Least length that a whole file has; errors as those of `read_tiff_layout`."""
    with path.open("rb") as stream:
        return read_tiff_layout(stream, path).expected_bytes


def read_tiff_pixels(path: Path) -> NDArray[np.generic]:
    """Read the first page as grey, (height, width), in its own type.

    Raises:
        TruncatedFile: The file is shorter than its directory promises.
        NotAnImage: It is no grey TIFF, is damaged, or has values that are no numbers.
    """
    with path.open("rb") as stream:
        layout = read_tiff_layout(stream, path)
        stream.seek(0)
        data = stream.read(MAX_TIFF_BYTES)
    if len(data) < layout.expected_bytes:
        raise TruncatedFile(path, expected=f"{layout.expected_bytes} bytes", found=f"{len(data)}")
    image = _decode(path, data)
    expected = f"a grey TIFF of {layout.width_px} x {layout.height_px}"
    if image is None:
        raise NotAnImage(path, expected=expected, found="data that do not decode")
    if image.shape != (layout.height_px, layout.width_px):
        raise NotAnImage(path, expected=expected, found=f"an array of shape {image.shape}")
    if image.dtype.kind == "f" and not np.isfinite(image).all():
        raise NotAnImage(path, expected="finite grey values", found="NaN or infinity")
    return np.asarray(image, dtype=np.float32 if image.dtype.kind == "f" else image.dtype)


def read_tiff_layout(stream: BinaryIO, path: Path) -> TiffLayout:
    """Read the first page's directory; a `TruncatedFile` does not have it yet.

    Raises:
        NotAnImage: It is no TIFF image.
        OversizedFile: It claims an absurd size.
    """
    dialect, directory = _read_header(stream, path)
    tags, end = _read_directory(stream, path, dialect, directory)
    try:
        width, height = tags[_WIDTH][0], tags[_HEIGHT][0]
        starts = tags.get(_STRIPS) or tags[_TILES]
        lengths = tags.get(_STRIP_BYTES) or tags[_TILE_BYTES]
    except (KeyError, IndexError) as error:
        raise NotAnImage(
            path, expected="a TIFF image", found="a directory without its size"
        ) from error
    if width * height > MAX_PIXELS or not width * height:
        raise OversizedFile(path, expected=f"1 to {MAX_PIXELS} pixels", found=f"{width} x {height}")
    last = max((a + b for a, b in zip(starts, lengths, strict=False)), default=0)
    if max(last, end) > MAX_TIFF_BYTES:
        raise OversizedFile(
            path, expected=f"at most {MAX_TIFF_BYTES} bytes", found=f"{max(last, end)}"
        )
    return TiffLayout(width, height, max(last, end))


def _read_header(stream: BinaryIO, path: Path) -> tuple[_Dialect, int]:
    """Dialect, and offset of the first directory.

    Raises:
        TruncatedFile: The header is not written yet.
        NotAnImage: It is no TIFF header.
    """
    head = stream.read(16)
    if len(head) < 8 or not any(head):
        found = f"{len(head)} bytes, {head.hex() or 'none'}"
        raise TruncatedFile(path, expected="a TIFF header", found=found)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    version = struct.unpack(f"{order}H", head[2:4])[0] if order else None
    if version == 42:
        dialect, at = _Dialect(f"{order}", f"{order}I", f"{order}H"), 4
    elif version == 43 and len(head) == 16:
        dialect, at = _Dialect(f"{order}", f"{order}Q", f"{order}Q"), 8
    else:
        raise NotAnImage(path, expected="a TIFF header", found=head[:8].hex() or "nothing")
    (directory,) = struct.unpack_from(dialect.offset, head, at)
    if directory == 0:
        raise TruncatedFile(
            path, expected="the offset of a TIFF directory", found="0: not written yet"
        )
    return dialect, directory


def _read_directory(
    stream: BinaryIO, path: Path, dialect: _Dialect, at: int
) -> tuple[dict[int, tuple[int, ...]], int]:
    """The wanted tags, and the byte at which the directory ends.

    Raises:
        NotAnImage: It has no entries, or absurdly many.
    """
    count_bytes = struct.calcsize(dialect.entry_count)
    (count,) = struct.unpack(dialect.entry_count, _read_at(stream, path, at, count_bytes))
    if not 0 < count <= _MAX_ENTRIES:
        raise NotAnImage(path, expected=f"1 to {_MAX_ENTRIES} TIFF entries", found=f"{count}")
    entry_bytes = 4 + 2 * dialect.offset_bytes
    raw = _read_at(stream, path, at + count_bytes, count * entry_bytes)
    tags: dict[int, tuple[int, ...]] = {}
    for start in range(0, len(raw), entry_bytes):
        entry = raw[start : start + entry_bytes]
        tag, kind = struct.unpack_from(f"{dialect.order}2H", entry)
        if tag in _WANTED and kind in _INTEGERS:
            tags[tag] = _read_values(stream, path, dialect, entry)
    return tags, at + count_bytes + len(raw)


def _read_values(stream: BinaryIO, path: Path, dialect: _Dialect, entry: bytes) -> tuple[int, ...]:
    """An entry's whole numbers, from the entry itself where they fit.

    Raises:
        OversizedFile: It claims absurdly many.
    """
    (kind,) = struct.unpack_from(f"{dialect.order}H", entry, 2)
    (count,) = struct.unpack_from(dialect.offset, entry, 4)
    if count > _MAX_STRIPS:
        raise OversizedFile(path, expected=f"at most {_MAX_STRIPS} strips", found=f"{count}")
    layout = f"{dialect.order}{count}{_INTEGERS[kind]}"
    value = entry[4 + dialect.offset_bytes :]
    if struct.calcsize(layout) > len(value):
        (at,) = struct.unpack(dialect.offset, value)
        value = _read_at(stream, path, at, struct.calcsize(layout))
    return struct.unpack_from(layout, value)


def _read_at(stream: BinaryIO, path: Path, at: int, count: int) -> bytes:
    """Exactly `count` bytes from `at`.

    Raises:
        TruncatedFile: The file ends before.
    """
    size = stream.seek(0, os.SEEK_END)
    if at + count > size:
        raise TruncatedFile(path, expected=f"at least {at + count} bytes", found=f"{size}")
    stream.seek(at)
    return stream.read(count)


def _decode(path: Path, data: bytes) -> NDArray[np.generic] | None:
    """OpenCV's image, None when it finds none.

    Raises:
        NotAnImage: OpenCV gives up.
    """
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise NotAnImage(path, expected="a TIFF that decodes", found=str(error)) from error
