import struct
from pathlib import Path

import mrcfile
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.epu import (
    EpuError,
    NotAnImage,
    OversizedFile,
    TruncatedFile,
    expected_mrc_bytes,
    read_mrc_metadata,
    read_pixels,
)
from tests.ingest.epu_files import MODES, film, mrc_bytes


@pytest.fixture
def mrc(tmp_path: Path) -> Path:
    return tmp_path / "Tile_507_0_500.mrc"


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("name", MODES)
def test_every_mode_reads_in_either_byte_order(mrc: Path, name: str, order: str) -> None:
    pixels = (film() % 120).astype(name)
    mrc.write_bytes(mrc_bytes(pixels, order=order))
    found = read_pixels(mrc)
    assert found.dtype == (np.dtype("float32") if name == "float16" else np.dtype(name))
    assert found.dtype.isnative
    assert np.array_equal(found, pixels)


def test_a_file_by_mrcfile_reads_the_same(mrc: Path) -> None:
    pixels = film()
    with mrcfile.new(mrc, data=pixels) as other:
        other.voxel_size = 1395.8
    assert np.array_equal(read_pixels(mrc), pixels)
    found = read_mrc_metadata(mrc)
    assert found is not None
    assert found.pixel_nm == pytest.approx(139.58)
    assert (found.width_px, found.height_px) == (64, 48)
    assert (found.stage_um, found.matrix_nm, found.binning) == (None, None, None)


def test_an_image_of_a_neighbour_with_its_bytes_swapped_reads(mrc: Path) -> None:
    raw = bytearray(mrc_bytes(film(), order=">"))
    raw[208:216] = bytes(8)  # neither MAP nor machine stamp
    mrc.write_bytes(raw)
    assert np.array_equal(read_pixels(mrc), film())


def test_bytes_marked_by_imod_are_unsigned(mrc: Path) -> None:
    raw = bytearray(mrc_bytes(np.array([[-1, 5]], np.int8)))
    struct.pack_into("<2i", raw, 152, 1146047817, 0)
    mrc.write_bytes(raw)
    assert read_pixels(mrc).tolist() == [[255, 5]]


def test_expected_bytes_count_both_headers_and_the_pixels(mrc: Path) -> None:
    mrc.write_bytes(mrc_bytes(film(48, 64), extended=bytes(768 * 4), extended_type=b"FEI1"))
    assert expected_mrc_bytes(mrc) == 1024 + 768 * 4 + 48 * 64 * 2
    assert expected_mrc_bytes(mrc) == mrc.stat().st_size


def test_the_size_of_a_camera_is_expected_from_the_first_kilobyte_alone(mrc: Path) -> None:
    raw = bytearray(mrc_bytes(film(1, 1)))[:1024]
    struct.pack_into("<2i", raw, 0, 2880, 2046)
    struct.pack_into("<i", raw, 92, 909312)
    mrc.write_bytes(raw)
    assert expected_mrc_bytes(mrc) == 1024 + 909312 + 2 * 2880 * 2046


@pytest.mark.parametrize("cut", [0, 1, 500, 1023, 1024, 1500, 1024 + 48 * 64 * 2 - 1])
def test_a_cut_file_says_what_it_lacks(mrc: Path, cut: int) -> None:
    whole = mrc_bytes(film())
    mrc.write_bytes(whole[:cut])
    with pytest.raises(TruncatedFile) as caught:
        read_pixels(mrc)
    assert caught.value.path == mrc
    assert caught.value.found.startswith(str(cut))


def test_a_file_cut_in_its_extended_header_has_no_metadata_yet(mrc: Path) -> None:
    whole = mrc_bytes(film(), extended=bytes(768), extended_type=b"FEI1")
    mrc.write_bytes(whole[:1300])
    with pytest.raises(TruncatedFile, match="768 bytes of extended header, found 276"):
        read_mrc_metadata(mrc)


def test_a_pre_allocated_file_whose_header_is_not_written_is_truncated(mrc: Path) -> None:
    mrc.write_bytes(bytes(10_000))
    with pytest.raises(TruncatedFile, match="zero bytes"):
        read_pixels(mrc)


@pytest.mark.parametrize(
    ("offset", "values", "error"),
    [
        (0, (100_000, 100_000), OversizedFile),
        (0, (2**23, 2**23), OversizedFile),
        (0, (0, 48), NotAnImage),
        (0, (-64, 48), NotAnImage),
        (8, (7,), NotAnImage),
        (8, (0,), NotAnImage),
        (12, (4,), NotAnImage),
        (12, (101,), NotAnImage),
        (92, (-1,), OversizedFile),
        (92, (2**31 - 1,), OversizedFile),
    ],
)
def test_a_header_that_claims_nonsense_is_refused_before_anything_is_read(
    mrc: Path, offset: int, values: tuple[int, ...], error: type[EpuError]
) -> None:
    raw = bytearray(mrc_bytes(film()))
    struct.pack_into(f"<{len(values)}i", raw, offset, *values)
    mrc.write_bytes(raw)
    with pytest.raises(error):
        read_pixels(mrc)
    with pytest.raises(error):
        expected_mrc_bytes(mrc)


def test_text_is_no_mrc(mrc: Path) -> None:
    mrc.write_text("this is not an image " * 100)
    with pytest.raises(NotAnImage, match="MRC image of mode"):
        read_pixels(mrc)


def test_pixels_that_are_no_numbers_are_refused_and_counted(mrc: Path) -> None:
    pixels = film().astype(np.float32)
    pixels[3, 4], pixels[5, 6] = np.nan, np.inf
    mrc.write_bytes(mrc_bytes(pixels))
    with pytest.raises(NotAnImage, match="2 pixels of NaN or infinity"):
        read_pixels(mrc)


@pytest.mark.parametrize("pixel_angstrom", [0.0, -3.0, 1.0, float("nan"), float("inf")])
def test_a_pixel_size_that_nobody_measured_is_none(mrc: Path, pixel_angstrom: float) -> None:
    mrc.write_bytes(mrc_bytes(film(), pixel_angstrom=pixel_angstrom))
    assert read_mrc_metadata(mrc) is None


def test_trailing_bytes_do_no_harm(mrc: Path) -> None:
    mrc.write_bytes(mrc_bytes(film()) + b"more")
    assert np.array_equal(read_pixels(mrc), film())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(at=st.integers(0, 1100), noise=st.binary(min_size=1, max_size=64))
def test_a_damaged_file_is_read_or_refused_in_our_own_words(
    mrc: Path, at: int, noise: bytes
) -> None:
    raw = bytearray(mrc_bytes(film()))
    raw[at : at + len(noise)] = noise
    mrc.write_bytes(raw)
    try:
        found = read_pixels(mrc)
    except EpuError:
        return
    assert found.size <= len(raw)
