"""Read EPU's JPEG previews: 8-bit grey, each stretched on its own."""

import struct
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.epu.errors import NotAnImage, OversizedFile, TruncatedFile
from ingest.epu.mrc import MAX_PIXELS

MAX_JPEG_BYTES = 2**28
_START, _END = b"\xff\xd8", b"\xff\xd9"
_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def read_jpeg_pixels(path: Path) -> NDArray[np.generic]:
    """Read a JPEG as grey, uint8 (height, width).

    Raises:
        TruncatedFile: It does not end as a JPEG does.
        NotAnImage: It is no JPEG, or is damaged.
        OversizedFile: It claims an absurd size.
    """
    with path.open("rb") as stream:
        data = stream.read(MAX_JPEG_BYTES + 1)
    if len(data) > MAX_JPEG_BYTES:
        raise OversizedFile(path, expected=f"at most {MAX_JPEG_BYTES} bytes", found="more")
    if not data or not data.startswith(_START):
        error = NotAnImage if any(data[:2]) else TruncatedFile
        raise error(
            path, expected="a JPEG", found=f"{len(data)} bytes, first {data[:4].hex() or 'none'}"
        )
    if not jpeg_is_whole(data[-2:]):
        raise TruncatedFile(
            path, expected="an end-of-image mark", found=f"{data[-2:].hex()} at the end"
        )
    width, height = _frame_size(path, data)
    if width * height > MAX_PIXELS:
        raise OversizedFile(
            path, expected=f"at most {MAX_PIXELS} pixels", found=f"{width} x {height}"
        )
    image = _decode(path, data)
    if image is None or image.shape != (height, width):
        raise NotAnImage(
            path, expected=f"a JPEG of {width} x {height}", found="data that do not decode"
        )
    return np.asarray(image, dtype=np.uint8)


def jpeg_is_whole(tail: bytes) -> bool:
    """Say whether a file that ends in these bytes is finished."""
    return tail.endswith(_END)


def _frame_size(path: Path, data: bytes) -> tuple[int, int]:
    """Width and height from the frame header.

    Raises:
        NotAnImage: There is no frame header.
    """
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _FRAME_MARKERS:
            height, width = struct.unpack_from(">2H", data, at + 5)
            return width, height
        at += (
            2 if marker == 0xFF or marker == 0x01 else 2 + struct.unpack_from(">H", data, at + 2)[0]
        )
    raise NotAnImage(path, expected="a JPEG frame header", found="none")


def _decode(path: Path, data: bytes) -> NDArray[np.generic] | None:
    """OpenCV's image, None when it finds none.

    Raises:
        NotAnImage: OpenCV gives up.
    """
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error as error:
        raise NotAnImage(path, expected="a JPEG that decodes", found=str(error)) from error
