"""Read block 0 of the extended header `FEI1` or `FEI2` that EPU puts into its MRC files.

Layout from mrcfile's `dtypes.py`, checked on files of EPU 1.2 and 2.9. Bytes 172 to 219, called
unused there, hold EPU's image-to-stage matrix. Bit k of a mask says that the k-th value after it
is set.
"""

import math
import struct

from ingest.epu.metadata import TileMetadata

BLOCK_BYTES = 768
"""Length of an FEI1 block; FEI2 only adds to its end."""

_MASK_1, _MASK_2 = 8, 297
_DOSE, _STAGE_X, _STAGE_Y, _PIXEL, _MATRIX, _MAGNIFICATION = 6, 9, 10, 14, 16, 31  # bits of mask 1
_EXPOSURE, _BINNING = 16, 17  # bits of mask 2


def read_fei_block(
    block: bytes, order: str, *, width_px: int, height_px: int
) -> TileMetadata | None:
    """Metadata of one image, or None when the block is empty or has no pixel size.

    Args:
        block: At least the first 768 bytes of the extended header.
        order: `<` or `>`.
        width_px: Image width from the main header.
        height_px: Image height from the main header.
    """
    if len(block) < BLOCK_BYTES:
        return None
    has_1, has_2 = _mask(block, order, _MASK_1), _mask(block, order, _MASK_2)
    (pixel_m,) = _doubles(block, order, 156, 1)
    if not (has_1 >> _PIXEL & 1 and math.isfinite(pixel_m) and 0 < pixel_m < 1e-3):
        return None
    (binning,) = struct.unpack_from(f"{order}i", block, 427)
    return TileMetadata(
        stage_um=_stage_um(block, order, has_1),
        pixel_nm=pixel_m * 1e9,
        matrix_nm=_matrix_nm(block, order, has_1),
        binning=binning if has_2 >> _BINNING & 1 and 0 < binning < 1024 else None,
        width_px=width_px,
        height_px=height_px,
        acquired_at=None,
        dose_per_px=_scaled(block, order, 92, pixel_m**2) if has_1 >> _DOSE & 1 else None,
        camera=_text(block, 435),
        magnification=_scaled(block, order, 289, 1) if has_1 >> _MAGNIFICATION & 1 else None,
        voltage_kv=_scaled(block, order, 84, 1e-3),
        exposure_s=_scaled(block, order, 419, 1) if has_2 >> _EXPOSURE & 1 else None,
        instrument_id=_text(block, 36),
        instrument_model=_text(block, 20),
        software=" ".join(part for part in (_text(block, 52), _text(block, 68)) if part) or None,
    )


def _mask(block: bytes, order: str, offset: int) -> int:
    """A validity mask; one that is wholly empty was never filled in and says nothing."""
    (mask,) = struct.unpack_from(f"{order}I", block, offset)
    return int(mask) or 0xFFFFFFFF


def _doubles(block: bytes, order: str, offset: int, count: int) -> tuple[float, ...]:
    return struct.unpack_from(f"{order}{count}d", block, offset)


def _stage_um(block: bytes, order: str, mask: int) -> tuple[float, float, float] | None:
    x, y, z = (value * 1e6 + 0.0 for value in _doubles(block, order, 116, 3))
    known = mask >> _STAGE_X & mask >> _STAGE_Y & 1
    return (x, y, z) if known and all(map(math.isfinite, (x, y, z))) else None


def _matrix_nm(block: bytes, order: str, mask: int) -> tuple[float, float, float, float] | None:
    m11, m12, m21, m22 = (value * 1e9 for value in _doubles(block, order, 172, 4))
    determinant = m11 * m22 - m12 * m21
    known = mask >> _MATRIX & 1 and math.isfinite(determinant) and determinant != 0
    return (m11, m12, m21, m22) if known else None


def _scaled(block: bytes, order: str, offset: int, factor: float) -> float | None:
    """A number that cannot be negative, None when it is not one."""
    value = _doubles(block, order, offset, 1)[0] * factor
    return value if math.isfinite(value) and value >= 0 else None


def _text(block: bytes, offset: int) -> str | None:
    """A field of 16 characters."""
    return (
        block[offset : offset + 16].partition(b"\0")[0].decode("ascii", "replace").strip() or None
    )
