"""Small inputs that claim to be large: an error each, before anything is allocated."""

import resource
import struct
import zlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from ingest.epu import (
    EpuError,
    MalformedXml,
    NotAnImage,
    OversizedFile,
    read_atlas_dm,
    read_image_xml,
    read_pixels,
)
from service.blobs import read_picture
from service.errors import InvalidError
from service.stored_crops import BadCropError, decode_crop
from tests.ingest.epu_files import film, mrc_bytes
from tests.service.examples import make_png

MORE_MIB = 300


@pytest.fixture(autouse=True)
def bounded_memory() -> Iterator[None]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    grown_mib = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown_mib < MORE_MIB


def claimed_png(width: int, height: int) -> bytes:
    """A PNG whose header claims a size and whose data hold next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + data


@pytest.mark.parametrize(
    ("width", "height", "extended"), [(2**23, 2**23, 0), (60_000, 60_000, 0), (64, 48, 2**31 - 1)]
)
def test_an_mrc_that_claims_terabytes_is_refused_by_its_header(
    tmp_path: Path, width: int, height: int, extended: int
) -> None:
    data = bytearray(mrc_bytes(film()))
    struct.pack_into("<2i", data, 0, width, height)
    struct.pack_into("<i", data, 92, extended)
    path = tmp_path / "claims.mrc"
    path.write_bytes(data)

    with pytest.raises(OversizedFile, match="expected"):
        read_pixels(path)


def test_an_mrc_of_not_a_number_or_of_the_other_byte_order_is_an_error_or_an_image(
    tmp_path: Path,
) -> None:
    path = tmp_path / "image.mrc"
    path.write_bytes(mrc_bytes((film() * float("nan")).astype("float32")))
    with pytest.raises(NotAnImage, match="NaN"):
        read_pixels(path)
    path.write_bytes(mrc_bytes(film(), order=">"))
    assert (read_pixels(path) == film()).all()


def entities_of_entities() -> str:
    """Ten entities, each of ten times the one before: gigabytes in a line."""
    names = "bcdefghijk"
    pairs = pairwise(names)
    inner = "".join(f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in pairs)
    return f'<!DOCTYPE a [<!ENTITY b "lol">{inner}]><a>&k;</a>'


BOMBS = {
    "entities": entities_of_entities(),
    "a file of the machine": '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    "an address": '<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><a/>',
    "depth": "<a>" * 200_000,
    "attributes": "<a " + " ".join(f'b{n}=""' for n in range(50_000)) + "/>",
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_an_xml_bomb_is_an_error(tmp_path: Path, bomb: str) -> None:
    path = tmp_path / "bomb.xml"
    path.write_text(f'<?xml version="1.0"?>{bomb}')

    for read in (read_image_xml, read_atlas_dm):
        with pytest.raises(EpuError):
            read(path)


def test_an_xml_file_without_end_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "endless.xml"
    with path.open("wb") as file:
        file.write(b"<a>")
        file.truncate(2**33)

    with pytest.raises((OversizedFile, MalformedXml)):
        read_image_xml(path)


@pytest.mark.parametrize("size", [(60_000, 60_000), (2**31 - 1, 1)])
def test_a_picture_that_claims_too_much_is_refused_by_its_header(size: tuple[int, int]) -> None:
    with pytest.raises(InvalidError, match="expected at most"):
        read_picture(claimed_png(*size))
    with pytest.raises(BadCropError, match="expected at most"):
        decode_crop(claimed_png(*size))


def test_a_crop_of_one_pixel_or_of_too_many_is_refused_before_it_is_decoded() -> None:
    for size in ((1, 1), (16_000, 16_000)):
        with pytest.raises(BadCropError, match="expected 640 x 640"):
            decode_crop(claimed_png(*size))
    assert decode_crop(make_png(640, 640)).shape == (640, 640)


def test_a_crop_whose_chunk_claims_gigabytes_is_refused_before_it_is_decoded() -> None:
    data = bytearray(make_png(640, 640))
    data[33:37] = (2**31 - 1).to_bytes(4, "big")

    with pytest.raises(BadCropError, match="a chunk of 2147483647 bytes"):
        decode_crop(bytes(data))
