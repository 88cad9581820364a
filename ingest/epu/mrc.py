"""Read MRC images as EPU and its neighbours write them: one section, bytes counted first."""

import math
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ingest.epu.errors import NotAnImage, OversizedFile, TruncatedFile
from ingest.epu.fei_header import BLOCK_BYTES, read_fei_block
from ingest.epu.metadata import TileMetadata

MAX_PIXELS = 2**28
"""16384 x 16384, three times the largest camera of today; a header that claims more is damaged."""

HEADER_BYTES = 1024
_MAX_EXTENDED_BYTES = 2**26
_MODES = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2"}
_UNKNOWN_PIXEL_ANGSTROM = (
    1.0  # written by Leginon and others for "not known"; no atlas is that fine
)
_IMOD_STAMP = 1146047817


@dataclass(frozen=True, slots=True)
class MrcHeader:
    """What the first 1024 bytes say.

    Attributes:
        width_px: Image width.
        height_px: Image height.
        dtype: Of one pixel, with the file's byte order.
        extended_bytes: Length of the extended header.
        extended_type: Its kind, `FEI1`, `FEI2` or another.
        pixel_nm: Side of a pixel, None where the file does not say.
    """

    width_px: int
    height_px: int
    dtype: np.dtype[np.generic]
    extended_bytes: int
    extended_type: str
    pixel_nm: float | None

    @property
    def data_offset(self) -> int:
        """Byte at which the pixels start."""
        return HEADER_BYTES + self.extended_bytes

    @property
    def expected_bytes(self) -> int:
        """Length of a whole file."""
        return self.data_offset + self.width_px * self.height_px * self.dtype.itemsize


def expected_mrc_bytes(path: Path) -> int:
    """Length that a whole file has, from its header; errors as those of `read_mrc_header`."""
    with path.open("rb") as stream:
        return read_mrc_header(stream, path).expected_bytes


def read_mrc_metadata(path: Path) -> TileMetadata | None:
    """Metadata from EPU's extended header, else the pixel size from the main one, else None.

    The time is left out: the header's clock has no time zone. Errors as those of `read_mrc_header`.

    Raises:
        TruncatedFile: The extended header is not whole.
    """
    with path.open("rb") as stream:
        header = read_mrc_header(stream, path)
        block_bytes = min(header.extended_bytes, BLOCK_BYTES)
        block = stream.read(block_bytes)
    if len(block) < block_bytes:
        raise TruncatedFile(
            path, expected=f"{block_bytes} bytes of extended header", found=f"{len(block)}"
        )
    order = ">" if header.dtype.byteorder == ">" else "<"
    if header.extended_type in {"FEI1", "FEI2"}:
        metadata = read_fei_block(
            block, order, width_px=header.width_px, height_px=header.height_px
        )
        if metadata is not None:
            return metadata
    if header.pixel_nm is None:
        return None
    return TileMetadata(
        stage_um=None,
        pixel_nm=header.pixel_nm,
        matrix_nm=None,
        binning=None,
        width_px=header.width_px,
        height_px=header.height_px,
        acquired_at=None,
    )


def read_mrc_pixels(path: Path) -> NDArray[np.generic]:
    """Read the image, (height, width), row 0 on top as EPU means it, in native byte order.

    Half-precision floats become float32. Errors of the header are those of `read_mrc_header`.

    Raises:
        TruncatedFile: The file is shorter than its header promises.
        NotAnImage: It has values that are no numbers.
    """
    with path.open("rb") as stream:
        header = read_mrc_header(stream, path)
        size = os.fstat(stream.fileno()).st_size
        if size < header.expected_bytes:
            raise TruncatedFile(path, expected=f"{header.expected_bytes} bytes", found=f"{size}")
        stream.seek(header.data_offset)
        count = header.width_px * header.height_px
        values = np.fromfile(stream, dtype=header.dtype, count=count)
    if values.size < count:
        raise TruncatedFile(path, expected=f"{count} pixels", found=f"{values.size}")
    native = (
        np.float32
        if header.dtype.itemsize == 2 and header.dtype.kind == "f"
        else header.dtype.newbyteorder("=")
    )
    pixels: NDArray[np.generic] = values.astype(native, copy=False).reshape(
        header.height_px, header.width_px
    )
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        bad = int(np.count_nonzero(~np.isfinite(pixels)))
        raise NotAnImage(
            path, expected="finite grey values", found=f"{bad} pixels of NaN or infinity"
        )
    return pixels


def read_mrc_header(stream: BinaryIO, path: Path) -> MrcHeader:
    """Read the main header from the start of a stream, and leave the stream behind it.

    Raises:
        TruncatedFile: Fewer than 1024 bytes, or only zeros so far.
        NotAnImage: It is no MRC image of one section.
        OversizedFile: It claims an absurd size.
    """
    raw = stream.read(HEADER_BYTES)
    if len(raw) < HEADER_BYTES or not any(raw):
        found = f"{len(raw)} bytes" if any(raw) or not raw else f"{len(raw)} zero bytes"
        raise TruncatedFile(path, expected="an MRC header of 1024 bytes", found=found)
    order = _byte_order(raw, path)
    width, height, sections, mode = struct.unpack(f"{order}4i", raw[:16])
    if sections != 1 or width <= 0 or height <= 0:
        raise NotAnImage(path, expected="one MRC section", found=f"{width} x {height} x {sections}")
    if width * height > MAX_PIXELS:
        raise OversizedFile(
            path, expected=f"at most {MAX_PIXELS} pixels", found=f"{width} x {height}"
        )
    (extended,) = struct.unpack(f"{order}i", raw[92:96])
    if not 0 <= extended <= _MAX_EXTENDED_BYTES:
        raise OversizedFile(
            path,
            expected=f"0 to {_MAX_EXTENDED_BYTES} bytes of extended header",
            found=f"{extended}",
        )
    extended_type = raw[104:108].decode("ascii", "replace").strip("\0 ")
    return MrcHeader(
        width, height, _dtype(raw, order, mode), extended, extended_type, _pixel_nm(raw, order)
    )


def _byte_order(raw: bytes, path: Path) -> str:
    """`<` or `>`: the order in which mode and sizes make sense; old files have no usable stamp.

    Raises:
        NotAnImage: They make sense in neither.
    """
    orders = (">", "<") if raw[212:214] == b"\x11\x11" else ("<", ">")
    for order in orders:
        width, height, _, mode = struct.unpack(f"{order}4i", raw[:16])
        if mode in _MODES and 0 < width < 2**24 and 0 < height < 2**24:
            return order
    width, height, sections, mode = struct.unpack("<4i", raw[:16])
    found = f"mode {mode}, {width} x {height} x {sections}"
    raise NotAnImage(
        path, expected=f"an MRC image of mode {', '.join(map(str, _MODES))}", found=found
    )


def _dtype(raw: bytes, order: str, mode: int) -> np.dtype[np.generic]:
    """Pixel type; mode 0 is signed, except where IMOD and SerialEM mark it as unsigned."""
    stamp, flags = struct.unpack(f"{order}2i", raw[152:160])
    if mode == 0 and stamp == _IMOD_STAMP and not flags & 1:
        return np.dtype("u1")
    return np.dtype(order + _MODES[mode])


def _pixel_nm(raw: bytes, order: str) -> float | None:
    """Cell width over sampling, Angstrom to nm."""
    (sampling,) = struct.unpack(f"{order}i", raw[28:32])
    (cell,) = struct.unpack(f"{order}f", raw[40:44])
    if sampling <= 0 or not math.isfinite(cell) or cell <= 0:
        return None
    pixel = cell / sampling
    return None if pixel == _UNKNOWN_PIXEL_ANGSTROM else pixel / 10
