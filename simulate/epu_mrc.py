"""MRC files as EPU writes them: mode 6, an FEI2 extended header of 1024 blocks."""

import struct
from datetime import UTC, datetime
from math import degrees

import numpy as np
from numpy.typing import NDArray

from simulate.epu_image import ALPHA_RAD, BETA_RAD, STAGE_Z_M, ImageFacts
from simulate.instrument import Instrument

BLOCK_BYTES = 888
BLOCKS = 1024
_VERSION = 2
_OLE_EPOCH = datetime(1899, 12, 30, tzinfo=UTC)


def mrc_bytes(instrument: Instrument, facts: ImageFacts, pixels: NDArray[np.uint16]) -> bytes:
    """A whole `Tile_*.mrc`; `pixels` is uint16 (height, width), row 0 at the top."""
    header = _header(pixels, instrument.pixel_um * 1e4)
    extended = _blocks(instrument, facts)
    return header + extended + pixels.astype("<u2").tobytes()


def _header(pixels: NDArray[np.uint16], pixel_angstrom: float) -> bytes:
    height, width = pixels.shape
    words = bytearray(1024)
    struct.pack_into("<10i", words, 0, width, height, 1, 6, 0, 0, 0, width, height, 1)
    struct.pack_into(
        "<6f", words, 40, width * pixel_angstrom, height * pixel_angstrom, 0, 90, 90, 90
    )
    struct.pack_into("<3i", words, 64, 1, 2, 3)
    low, high, mean = float(pixels.min()), float(pixels.max()), float(pixels.mean())
    struct.pack_into("<3f", words, 76, low, high, mean)
    struct.pack_into("<2i", words, 88, 0, BLOCKS * BLOCK_BYTES)
    words[104:108] = b"FEI2"
    struct.pack_into("<i", words, 108, 20140)
    words[208:212] = b"MAP "
    words[212:216] = b"\x44\x44\x00\x00"
    struct.pack_into("<f", words, 216, -1.0)
    return bytes(words)


def _blocks(instrument: Instrument, facts: ImageFacts) -> bytes:
    """Block 0 is real, the others hold only their size and version."""
    first = bytearray(BLOCK_BYTES)
    pixel_m = instrument.pixel_um * 1e-6
    struct.pack_into("<iiI", first, 0, BLOCK_BYTES, _VERSION, 0xFFFFFFFF)
    struct.pack_into("<d", first, 12, (facts.taken_at - _OLE_EPOCH).total_seconds() / 86400)
    for offset, text in (
        (20, instrument.model),
        (36, "0"),
        (52, "EPU"),
        (68, "3.4.0"),
        (435, instrument.camera),
    ):
        first[offset : offset + 16] = text.encode("ascii")[:16].ljust(16, b"\0")
    struct.pack_into("<dd", first, 84, instrument.voltage, facts.dose / pixel_m**2)
    struct.pack_into("<dd", first, 100, degrees(ALPHA_RAD), degrees(BETA_RAD))
    x, y = facts.stage_um
    struct.pack_into("<3d", first, 116, x * 1e-6, y * 1e-6, STAGE_Z_M)
    struct.pack_into("<2d", first, 156, pixel_m, pixel_m)
    struct.pack_into("<6d", first, 172, *(v * 1e-9 for v in instrument.matrix_nm), 0.0, 0.0)
    struct.pack_into("<d", first, 220, instrument.defocus_m)
    first[252:254] = b"LM"
    struct.pack_into("<d", first, 289, float(instrument.magnification))
    struct.pack_into("<I", first, 297, 0xFFFFFFFF)
    struct.pack_into("<i", first, 309, 8)
    struct.pack_into("<d", first, 419, facts.exposure_s)
    struct.pack_into("<2i", first, 427, instrument.binning, instrument.binning)
    struct.pack_into("<4i", first, 451, 0, 0, instrument.width_px, instrument.height_px)
    empty = struct.pack("<ii", BLOCK_BYTES, _VERSION).ljust(BLOCK_BYTES, b"\0")
    return bytes(first) + empty * (BLOCKS - 1)
