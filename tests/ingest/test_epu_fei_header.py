"""Blocks are built by mrcfile's own description, so that no offset of ours is tested by itself."""

import struct
from pathlib import Path

import numpy as np
import pytest
from mrcfile.dtypes import get_ext_header_dtype

from ingest.epu import TileMetadata, read_mrc_metadata
from tests.ingest.epu_files import film, mrc_bytes

ALL = 0xFFFFFFFF
MATRIX_M = (-6.6e-8, -6.9e-9, -6.9e-9, 6.6e-8, 0.0, 0.0)


def fei_block(kind: bytes, order: str, **changes: object) -> bytes:
    """One extended header block with typical values."""
    block = np.zeros(1, get_ext_header_dtype(kind, order))
    values: dict[str, object] = {
        "Metadata size": block.itemsize,
        "Bitmask 1": ALL,
        "Timestamp": 44138.73,
        "Microscope type": b"TITAN52337720",
        "D-Number": b"3772",
        "Application": b"EPU",
        "Application version": b"2.9.0.1519",
        "HT": 300000.0,
        "Dose": 5e14,
        "X-Stage": -0.00064,
        "Y-Stage": 0.00072,
        "Z-Stage": 7.9e-05,
        "Pixel size X": 1.4e-07,
        "Pixel size Y": 1.4e-07,
        "Unused range": np.void(struct.pack(f"{order}6d", *MATRIX_M)),
        "Magnification": 135.0,
        "Bitmask 2": ALL,
        "Integration time": 1.5,
        "Binning Width": 2,
        "Binning Height": 2,
        "Camera name": b"BM-Falcon",
    }
    for name, value in (values | changes).items():
        # numpy strips zero bytes at the end of a string, and the matrix may end in some
        block[name] = value.tobytes() if isinstance(value, np.void) else value
    return block.tobytes()


def read(
    tmp_path: Path, block: bytes, kind: bytes, order: str = "<", *, pixel_angstrom: float = 0
) -> TileMetadata | None:
    path = tmp_path / "tile.mrc"
    extended = block + bytes(3 * len(block))
    path.write_bytes(
        mrc_bytes(
            film(),
            order=order,
            extended=extended,
            extended_type=kind,
            pixel_angstrom=pixel_angstrom,
        )
    )
    return read_mrc_metadata(path)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [b"FEI1", b"FEI2"])
def test_a_tile_can_be_placed_from_its_mrc_alone(tmp_path: Path, kind: bytes, order: str) -> None:
    assert read(tmp_path, fei_block(kind, order), kind, order) == TileMetadata(
        stage_um=pytest.approx((-640.0, 720.0, 79.0)),
        pixel_nm=pytest.approx(140.0),
        matrix_nm=pytest.approx((-66.0, -6.9, -6.9, 66.0)),
        binning=2,
        width_px=64,
        height_px=48,
        acquired_at=None,
        dose_per_px=pytest.approx(5e14 * 1.4e-07**2),
        camera="BM-Falcon",
        magnification=135.0,
        voltage_kv=pytest.approx(300.0),
        exposure_s=1.5,
        instrument_id="3772",
        instrument_model="TITAN52337720",
        unique_id=None,
        software="EPU 2.9.0.1519",
    )


def test_values_that_the_mask_leaves_out_are_none(tmp_path: Path) -> None:
    without = ALL & ~(1 << 6 | 1 << 9 | 1 << 16 | 1 << 31)
    block = fei_block(
        b"FEI2", "<", **{"Bitmask 1": without, "Bitmask 2": ALL & ~(1 << 16 | 1 << 17)}
    )
    found = read(tmp_path, block, b"FEI2")
    assert found is not None
    assert (found.stage_um, found.matrix_nm, found.binning) == (None, None, None)
    assert (found.dose_per_px, found.magnification, found.exposure_s) == (None, None, None)


def test_a_block_whose_masks_were_never_filled_in_is_believed(tmp_path: Path) -> None:
    block = fei_block(b"FEI1", "<", **{"Bitmask 1": 0, "Bitmask 2": 0})
    found = read(tmp_path, block, b"FEI1")
    assert found is not None
    assert found.stage_um == pytest.approx((-640.0, 720.0, 79.0))
    assert found.binning == 2


def test_an_empty_block_leaves_the_pixel_size_of_the_main_header(tmp_path: Path) -> None:
    found = read(tmp_path, bytes(888), b"FEI2", pixel_angstrom=1400.0)
    assert found is not None
    assert found.pixel_nm == pytest.approx(140.0)
    assert found.stage_um is None


def test_values_that_are_no_numbers_are_none(tmp_path: Path) -> None:
    nan = float("nan")
    block = fei_block(
        b"FEI2",
        "<",
        **{"X-Stage": nan, "Dose": nan, "HT": -1.0, "Binning Width": -4},
        **{"Unused range": np.void(struct.pack("<6d", nan, 0, 0, 1, 0, 0))},
    )
    found = read(tmp_path, block, b"FEI2")
    assert found is not None
    assert (found.stage_um, found.matrix_nm, found.binning) == (None, None, None)
    assert (found.dose_per_px, found.voltage_kv) == (None, None)


def test_an_extended_header_of_another_kind_is_not_read(tmp_path: Path) -> None:
    assert read(tmp_path, fei_block(b"FEI1", "<"), b"SERI") is None


def test_a_block_shorter_than_its_kind_is_not_read(tmp_path: Path) -> None:
    assert read(tmp_path, bytes(100), b"FEI1") is None
