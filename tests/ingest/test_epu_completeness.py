from pathlib import Path

import cv2
import numpy as np
import pytest

from ingest.epu import Completeness, inspect_file
from tests.ingest.epu_files import film, image_xml, mrc_bytes


def inspect(path: Path, data: bytes) -> Completeness:
    path.write_bytes(data)
    found = inspect_file(path)
    status = path.stat()
    assert (found.size, found.mtime_ns) == (status.st_size, status.st_mtime_ns)
    assert (found.reason is None) == (found.completeness is Completeness.WHOLE)
    return found.completeness


@pytest.fixture
def mrc(tmp_path: Path) -> Path:
    return tmp_path / "Tile_507_0_500.mrc"


def test_a_whole_mrc_is_whole(mrc: Path) -> None:
    assert inspect(mrc, mrc_bytes(film())) is Completeness.WHOLE


@pytest.mark.parametrize("cut", [0, 100, 1024, 1025, 1024 + 48 * 64 * 2 - 1])
def test_a_short_mrc_is_partial(mrc: Path, cut: int) -> None:
    assert inspect(mrc, mrc_bytes(film())[:cut]) is Completeness.PARTIAL


def test_the_reason_counts_the_bytes(mrc: Path) -> None:
    mrc.write_bytes(mrc_bytes(film())[:5000])
    assert inspect_file(mrc).reason == "incomplete: 5000 of 7168 bytes"


def test_a_pre_allocated_mrc_has_a_zero_tail(mrc: Path) -> None:
    whole = mrc_bytes(film())
    assert inspect(mrc, whole[:5000].ljust(len(whole), b"\0")) is Completeness.ZERO_TAIL
    assert inspect(mrc, whole[:-130].ljust(len(whole), b"\0")) is Completeness.ZERO_TAIL


def test_a_pre_allocated_mrc_without_its_header_is_partial(mrc: Path) -> None:
    assert inspect(mrc, bytes(5000)) is Completeness.PARTIAL


def test_a_dark_tile_is_whole_when_its_xml_says_that_it_is_dark(mrc: Path) -> None:
    dark = mrc_bytes(np.zeros((48, 64), np.uint16))
    mrc.with_suffix(".xml").write_text(image_xml(custom={"DoseOnCamera": "0"}))
    assert inspect(mrc, dark) is Completeness.WHOLE


@pytest.mark.parametrize("custom", [{"DoseOnCamera": "9.5"}, {}])
def test_a_dark_tile_is_doubted_when_its_xml_does_not_say_so(
    mrc: Path, custom: dict[str, str]
) -> None:
    mrc.with_suffix(".xml").write_text(image_xml(custom=custom))
    assert inspect(mrc, mrc_bytes(np.zeros((48, 64), np.uint16))) is Completeness.ZERO_TAIL


def test_a_file_that_is_no_mrc_is_left_to_the_reader(mrc: Path) -> None:
    assert inspect(mrc, b"this is text, not an image " * 100) is Completeness.WHOLE


XML = image_xml().encode()


@pytest.mark.parametrize(
    "data",
    [
        XML,
        XML + b"\r\n",
        b"\xef\xbb\xbf" + XML,
        b'<?xml version="1.0"?>\n<!-- copied -->\n' + XML,
        b"<p:Root xmlns:p='urn:p'></p:Root>",
        b"<Root/>",
        b"no XML at all",
    ],
)
def test_a_document_with_its_closing_tag_is_whole(tmp_path: Path, data: bytes) -> None:
    assert inspect(tmp_path / "a.xml", data) is Completeness.WHOLE


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"  \n",
        bytes(500),
        XML[:-1],
        XML[:500],
        XML[:500].ljust(len(XML), b"\0"),
        XML + b"\0\0",
        b"<Root><a/>",
    ],
)
def test_a_document_without_its_closing_tag_is_partial(tmp_path: Path, data: bytes) -> None:
    assert inspect(tmp_path / "Atlas.dm", data) is Completeness.PARTIAL


def test_a_jpeg_is_whole_with_its_last_two_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    assert cv2.imwrite(str(path), np.zeros((9, 9), np.uint8))
    whole = path.read_bytes()
    assert inspect(path, whole) is Completeness.WHOLE
    assert inspect(path, whole[:-1]) is Completeness.PARTIAL
    assert inspect(path, b"") is Completeness.PARTIAL


def test_a_tiff_is_whole_with_its_last_strip(tmp_path: Path) -> None:
    path = tmp_path / "a.tiff"
    assert cv2.imwrite(str(path), film())
    whole = path.read_bytes()
    assert inspect(path, whole) is Completeness.WHOLE
    assert inspect(path, whole[:-200]) is Completeness.PARTIAL
    assert inspect(path, whole[:4]) is Completeness.PARTIAL


def test_a_vanished_file_is_the_system_s_error(mrc: Path) -> None:
    with pytest.raises(FileNotFoundError):
        inspect_file(mrc)


@pytest.mark.real
def test_every_real_file_is_whole(real_session: Path, real_epu_files: Path) -> None:
    files = [path for path in real_session.rglob("*") if path.suffix in {".xml", ".jpg", ".dm"}]
    files += [*real_epu_files.glob("*/*.dm"), *real_epu_files.glob("*/*.xml")]
    assert len(files) > 150
    assert {inspect_file(path).completeness for path in files} == {Completeness.WHOLE}
