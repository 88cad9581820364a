import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ingest.epu import (
    EpuError,
    NotAnImage,
    OversizedFile,
    SaturatedImage,
    TruncatedFile,
    read_pixels,
)
from ingest.epu.tiff import expected_tiff_bytes
from tests.ingest.epu_files import film


def write(path: Path, pixels: NDArray[np.generic], *options: int) -> Path:
    assert cv2.imwrite(str(path), pixels, list(options))
    return path


@pytest.fixture
def jpg(tmp_path: Path) -> Path:
    smooth = np.add.outer(np.arange(36), 2 * np.arange(51)).astype(np.uint8)
    return write(tmp_path / "Tile_507_0_500.jpg", smooth)


TIFF_TYPES = ["uint8", "uint16", "int16", "float32"]


def tiff(tmp_path: Path, pixels: NDArray[np.generic], compression: int = 1) -> Path:
    return write(
        tmp_path / "Tile_507_0_500.tiff", pixels, cv2.IMWRITE_TIFF_COMPRESSION, compression
    )


def lit(limit: float, kind: str) -> NDArray[np.generic]:
    """Windows of film at 30,000 +- 1000 among dark bars, as a camera with this limit has them."""
    grey = np.random.default_rng(0).normal(30_000, 1000, (60, 80))
    grey[:, :40] *= 0.02
    return np.minimum(grey, limit).astype(kind)


@pytest.mark.parametrize("kind", ["uint16", "int16", "float32"])
def test_an_image_whose_film_is_at_the_cameras_limit_is_refused(tmp_path: Path, kind: str) -> None:
    assert read_pixels(tiff(tmp_path, lit(32_767, kind))).shape == (60, 80)
    with pytest.raises(SaturatedImage, match=r"film below .* found 100% of what is lit"):
        read_pixels(tiff(tmp_path, lit(25_000, kind)))


def test_bright_holes_at_the_cameras_limit_are_no_reason_to_refuse_the_film(tmp_path: Path) -> None:
    grey = lit(32_767, "uint16")
    grey[:15] = 65_535
    assert read_pixels(tiff(tmp_path, grey)).max() == 65_535


@pytest.mark.parametrize("level", [0, 200, 40_000])
def test_a_constant_image_is_not_called_saturated(tmp_path: Path, level: int) -> None:
    assert read_pixels(tiff(tmp_path, np.full((36, 51), level, np.uint16))).max() == level


def spotted(pixels: NDArray[np.generic], level: int, count: int) -> NDArray[np.generic]:
    """Pixels that are always bright, or were hit once."""
    pixels.reshape(-1)[:: max(pixels.size // count, 1)][:count] = level
    return pixels


def counts(mean: float, kind: str = "uint16") -> NDArray[np.generic]:
    return np.random.default_rng(0).poisson(mean, (200, 280)).astype(kind)


@pytest.mark.parametrize(
    "pixels",
    [
        counts(0.4).clip(0, 1),
        spotted(counts(2000), 60_000, 1),
        spotted(counts(2000), 9500, 7),
        spotted(counts(5), 300, 1),
        spotted(counts(2000, "float32"), 60_000, 1),
        spotted(lit(32_767, "uint16"), 65_535, 7),
        (counts(2000) // 8).clip(0, 255),
    ],
    ids=[
        "few counts",
        "a hit",
        "stuck pixels",
        "dark",
        "float",
        "stuck above film",
        "8 of 16 bits",
    ],
)
def test_what_only_looks_like_a_limit_is_none(tmp_path: Path, pixels: NDArray[np.generic]) -> None:
    assert read_pixels(tiff(tmp_path, pixels)).shape == pixels.shape


def test_stuck_pixels_do_not_hide_that_film_is_at_the_limit(tmp_path: Path) -> None:
    with pytest.raises(SaturatedImage):
        read_pixels(tiff(tmp_path, spotted(lit(25_000, "uint16"), 65_535, 7)))


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotAnImage, match=r"expected one of \.mrc .* found \.png"):
        read_pixels(tmp_path / "image.png")


def test_a_missing_file_is_the_system_s_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_pixels(tmp_path / "Tile_1_2_3.mrc")


def test_a_jpeg_reads_as_grey(jpg: Path) -> None:
    found = read_pixels(jpg)
    assert (found.shape, found.dtype) == ((36, 51), np.uint8)
    assert abs(int(found[10, 20]) - 50) <= 3


def test_a_jpeg_cut_anywhere_is_truncated(jpg: Path) -> None:
    whole = jpg.read_bytes()
    for cut in range(0, len(whole), 7):
        jpg.write_bytes(whole[:cut])
        with pytest.raises(TruncatedFile):
            read_pixels(jpg)


def test_a_pre_allocated_jpeg_is_truncated(jpg: Path) -> None:
    whole = jpg.read_bytes()
    jpg.write_bytes(whole[:300].ljust(len(whole), b"\0"))
    with pytest.raises(TruncatedFile, match="end-of-image"):
        read_pixels(jpg)
    jpg.write_bytes(bytes(len(whole)))
    with pytest.raises(TruncatedFile):
        read_pixels(jpg)


def test_a_jpeg_that_claims_an_absurd_size_is_refused_undecoded(jpg: Path) -> None:
    raw = bytearray(jpg.read_bytes())
    frame = raw.index(b"\xff\xc0")
    raw[frame + 5 : frame + 9] = b"\xff\xff\xff\xff"
    jpg.write_bytes(raw)
    with pytest.raises(OversizedFile, match="65535 x 65535"):
        read_pixels(jpg)


def test_text_named_jpg_is_no_image(jpg: Path) -> None:
    jpg.write_text("hello")
    with pytest.raises(NotAnImage, match="expected a JPEG"):
        read_pixels(jpg)


@pytest.mark.parametrize("compression", [1, 5, 8])  # none, LZW, deflate
@pytest.mark.parametrize("name", TIFF_TYPES)
def test_a_tiff_reads_in_its_own_type(tmp_path: Path, name: str, compression: int) -> None:
    pixels = (film() % 200).astype(name)
    path = tiff(tmp_path, pixels, compression)
    found = read_pixels(path)
    assert found.dtype == np.dtype(name)
    assert np.array_equal(found, pixels)
    assert expected_tiff_bytes(path) <= path.stat().st_size


def tiff_by_hand(order: str, *, big: bool) -> bytes:
    """A TIFF of 2 x 3 grey values 1 to 6 with its directory behind the pixels."""
    offset, count, entry = ("Q", "Q", f"{order}HHQQ") if big else ("I", "H", f"{order}HHII")
    head = b"II" if order == "<" else b"MM"
    head += struct.pack(f"{order}HHHQ", 43, 8, 0, 22) if big else struct.pack(f"{order}HI", 42, 14)
    start = len(head)
    pixels = bytes([1, 2, 3, 4, 5, 6])
    tags = {256: 3, 257: 2, 258: 8, 259: 1, 262: 1, 273: start, 277: 1, 278: 2, 279: 6}
    kind = 16 if big else 4
    entries = b"".join(struct.pack(entry, tag, kind, 1, value) for tag, value in tags.items())
    directory = struct.pack(order + count, len(tags)) + entries
    return head + pixels + directory + struct.pack(order + offset, 0)


@pytest.mark.parametrize("big", [False, True], ids=["classic", "big"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_every_dialect_of_tiff_reads_and_is_counted(tmp_path: Path, order: str, big: bool) -> None:
    path = tmp_path / "a.tif"
    whole = tiff_by_hand(order, big=big)
    path.write_bytes(whole)
    assert read_pixels(path).tolist() == [[1, 2, 3], [4, 5, 6]]
    assert expected_tiff_bytes(path) <= len(whole)
    path.write_bytes(whole[:-30])
    with pytest.raises(TruncatedFile):
        read_pixels(path)


def test_a_tiff_cut_anywhere_is_truncated(tmp_path: Path) -> None:
    path = tiff(tmp_path, film())
    whole = path.read_bytes()
    for cut in [0, *range(16, expected_tiff_bytes(path), 97)]:
        path.write_bytes(whole[:cut])
        with pytest.raises(TruncatedFile):
            read_pixels(path)


def test_a_tiff_whose_directory_is_not_written_yet_is_truncated(tmp_path: Path) -> None:
    path = tiff(tmp_path, film())
    whole = bytearray(path.read_bytes())
    whole[4:8] = bytes(4)
    path.write_bytes(whole)
    with pytest.raises(TruncatedFile, match="not written yet"):
        read_pixels(path)


def test_a_coloured_tiff_is_refused(tmp_path: Path) -> None:
    path = tiff(tmp_path, np.zeros((8, 9, 3), np.uint8))
    with pytest.raises(NotAnImage, match="grey TIFF of 9 x 8"):
        read_pixels(path)


def test_a_tiff_of_values_that_are_no_numbers_is_refused(tmp_path: Path) -> None:
    path = tiff(tmp_path, np.full((8, 9), np.nan, np.float32))
    with pytest.raises(NotAnImage, match="NaN"):
        read_pixels(path)


def test_text_named_tiff_is_no_image(tmp_path: Path) -> None:
    path = tmp_path / "a.tiff"
    path.write_text("hello, this is no image")
    with pytest.raises(NotAnImage, match="TIFF header"):
        read_pixels(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(at=st.integers(0, 6400), noise=st.binary(min_size=1, max_size=16))
def test_a_damaged_tiff_is_read_or_refused_in_our_own_words(
    tmp_path: Path, at: int, noise: bytes
) -> None:
    path = tiff(tmp_path, film())
    raw = bytearray(path.read_bytes())
    raw[at : at + len(noise)] = noise
    path.write_bytes(raw)
    try:
        found = read_pixels(path)
    except EpuError:
        return
    assert found.ndim == 2


@pytest.mark.real
def test_every_real_preview_reads(real_session: Path) -> None:
    files = sorted(real_session.rglob("*.jpg"))
    shapes = {path.name.split("_")[0]: read_pixels(path).shape for path in files}
    assert len(files) == 72
    assert shapes == {"Tile": (364, 512), "Atlas": (508, 512)}
