from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.epu import BadValue, EpuError, IncompleteFile, MalformedXml, MissingValue, OversizedFile
from ingest.epu import xml as epu_xml
from ingest.epu.xml import Node, read_document
from tests.ingest.epu_files import XSI, Z


def document(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "file.xml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def root_of(tmp_path: Path, content: str) -> Node:
    text = f'<Root xmlns:i="{XSI}" xmlns:z="{Z}" xmlns:p="urn:p">{content}</Root>'
    return read_document(document(tmp_path, text), "Root")


def test_elements_are_found_by_local_name_whatever_their_prefix_or_white_space(
    tmp_path: Path,
) -> None:
    root = root_of(tmp_path, "\n <p:A>\n  <B xmlns='urn:q'>\n 7 </B></p:A>")
    assert root.get("A", "B").integer() == 7


def test_a_nil_element_counts_as_absent(tmp_path: Path) -> None:
    root = root_of(tmp_path, '<A i:nil="true"/><B><C i:nil="1"/></B>')
    assert root.find("A") is None
    assert root.find("B", "C") is None
    with pytest.raises(MissingValue, match="expected a value at Root/B/C, found none"):
        root.get("B", "C")


def test_a_reference_stands_for_the_element_with_that_id(tmp_path: Path) -> None:
    root = root_of(tmp_path, '<A z:Id="4">grid1</A><B z:Ref="4" i:nil="true"/><C z:Ref="9"/>')
    assert root.get("B").text() == "grid1"
    assert root.find("C") is None


def test_a_star_matches_the_hash_at_the_end_of_a_generated_name(tmp_path: Path) -> None:
    root = root_of(tmp_path, "<PairXyz>1</PairXyz><Pair>2</Pair><Other>3</Other>")
    assert [node.text() for node in root.children("Pair*")] == ["1", "2"]
    assert [node.text() for node in root.children("Pair")] == ["2"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2023-09-19T12:29:59.8897284+01:00", datetime(2023, 9, 19, 11, 29, 59, 889728, UTC)),
        ("2023-09-19T12:29:59.88972Z", datetime(2023, 9, 19, 12, 29, 59, 889720, UTC)),
        ("2025-01-08T15:10:39.48+00:00", datetime(2025, 1, 8, 15, 10, 39, 480000, UTC)),
        ("2025-01-08T15:10:39-08:00", datetime(2025, 1, 8, 23, 10, 39, tzinfo=UTC)),
    ],
)
def test_times_of_any_precision_and_zone_become_utc(
    tmp_path: Path, text: str, expected: datetime
) -> None:
    assert root_of(tmp_path, f"<T>{text}</T>").get("T").moment() == expected


@pytest.mark.parametrize(
    "text", ["2023-09-19T12:29:59", "yesterday", "", "0001-01-01T00:00:00+14:00"]
)
def test_a_time_without_offset_or_sense_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadValue, match="ISO 8601"):
        root_of(tmp_path, f"<T>{text}</T>").get("T").moment()


@pytest.mark.parametrize("text", ["NaN", "INF", "-Infinity", "1e999", "abc", "", "0x10", "1,5"])
def test_what_is_no_finite_number_is_refused_with_its_place(tmp_path: Path, text: str) -> None:
    node = root_of(tmp_path, f"<A><B>{text}</B></A>").get("A", "B")
    with pytest.raises(BadValue, match="Root/A/B"):
        node.number()
    with pytest.raises(BadValue, match="Root/A/B"):
        node.integer()


def test_minus_zero_is_zero(tmp_path: Path) -> None:
    assert str(root_of(tmp_path, "<X>-0</X>").get("X").number()) == "0.0"


def test_a_whole_number_must_fit_the_database(tmp_path: Path) -> None:
    with pytest.raises(BadValue, match="63 bits"):
        root_of(tmp_path, f"<A>{'9' * 30}</A>").get("A").integer()


WHOLE = b"<Root><A>text</A><B><![CDATA[x]]></B>\xc3\xa9</Root>"


@pytest.mark.parametrize("cut", range(len(WHOLE)))
def test_a_document_cut_anywhere_is_incomplete(tmp_path: Path, cut: int) -> None:
    with pytest.raises(IncompleteFile, match="whole XML document"):
        read_document(document(tmp_path, WHOLE[:cut]), "Root")


def test_a_pre_allocated_document_is_incomplete(tmp_path: Path) -> None:
    padded = WHOLE[:20].ljust(len(WHOLE), b"\0")
    with pytest.raises(IncompleteFile):
        read_document(document(tmp_path, padded), "Root")


@pytest.mark.parametrize(
    "text",
    [
        b"not XML at all",
        b"\x89PNG\r\n\x1a\n....",
        b"<Root></Other>",
        b"<Root/><Root/>",
        b"<Other/>",
        b'<?xml version="1.0" encoding="no-such"?><Root/>',
        b'<?xml version="1.0" encoding="utf-7"?><Root/>',
        b"<Root>\xff\xfe</Root>",
    ],
)
def test_what_is_no_such_document_is_malformed(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(MalformedXml):
        read_document(document(tmp_path, text), "Root")


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE Root [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><Root>&b;</Root>',
        '<!DOCTYPE Root [<!ENTITY x SYSTEM "file:///etc/hostname">]><Root>&x;</Root>',
        '<!DOCTYPE Root SYSTEM "http://localhost/x.dtd"><Root/>',
    ],
)
def test_entities_and_dtds_are_never_expanded(tmp_path: Path, text: str) -> None:
    with pytest.raises(MalformedXml, match="without DTD or entities"):
        read_document(document(tmp_path, text), "Root")


def test_a_very_deep_document_does_no_harm(tmp_path: Path) -> None:
    depth = 100_000
    root = read_document(
        document(tmp_path, "<Root>" + "<a>" * depth + "</a>" * depth + "</Root>"), "Root"
    )
    assert root.find("b") is None


def test_an_oversized_document_is_refused_unparsed(tmp_path: Path) -> None:
    path = tmp_path / "huge.xml"
    with path.open("wb") as stream:
        stream.truncate(epu_xml.MAX_XML_BYTES + 1)
    with pytest.raises(OversizedFile):
        read_document(path, "Root")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_parsed_or_refused_in_our_own_words(tmp_path: Path, data: bytes) -> None:
    try:
        root = read_document(document(tmp_path, data), "Root")
    except EpuError:
        return
    assert root.trail == "Root"
