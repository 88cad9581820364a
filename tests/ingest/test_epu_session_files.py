from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.epu import (
    BadValue,
    IncompleteFile,
    MalformedXml,
    SampleDm,
    ScreeningSession,
    read_sample_dm,
    read_screening_session,
)
from tests.ingest.epu_files import XSI


@pytest.fixture
def dm(tmp_path: Path) -> Path:
    return tmp_path / "Sample.dm"


def sample(content: str) -> str:
    return f'<SampleXml xmlns:i="{XSI}">{content}</SampleXml>'


def test_a_sample_says_its_name_and_progress(dm: Path) -> None:
    dm.write_text(
        sample(
            "<AcquisitionPercentageCompleted>37.5</AcquisitionPercentageCompleted>"
            "<AtlasAcquisitionStatus>Acquiring</AtlasAcquisitionStatus><Name>grid 3</Name>"
            "<SlotId>2</SlotId>"
        )
    )
    assert read_sample_dm(dm) == SampleDm("grid 3", 2, "Acquiring", 37.5)


def test_an_empty_sample_says_nothing(dm: Path) -> None:
    dm.write_text(sample('<Name i:nil="true"/>'))
    assert read_sample_dm(dm) == SampleDm(None, None, None, None)


def test_progress_stays_between_0_and_100(dm: Path) -> None:
    name = "AcquisitionPercentageCompleted"
    dm.write_text(sample(f"<{name}>100.0000001</{name}>"))
    assert read_sample_dm(dm).percent == 100.0


def test_damaged_samples_are_refused(dm: Path) -> None:
    dm.write_text(sample("<SlotId>two</SlotId>"))
    with pytest.raises(BadValue, match="SlotId, found two"):
        read_sample_dm(dm)
    dm.write_text(sample("<SlotId>2</SlotId>")[:-3])
    with pytest.raises(IncompleteFile):
        read_sample_dm(dm)
    dm.write_text("<AtlasSessionXml/>")
    with pytest.raises(MalformedXml, match="SampleXml document"):
        read_sample_dm(dm)


def test_a_session_says_its_name_and_start(tmp_path: Path) -> None:
    path = tmp_path / "ScreeningSession.dm"
    path.write_text(
        "<ScreeningSessionXml><Name>visit 7</Name>"
        "<StartDateTime>2026-01-02T03:04:05.1234567+02:00</StartDateTime></ScreeningSessionXml>"
    )
    expected = datetime(2026, 1, 2, 1, 4, 5, 123456, UTC)
    assert read_screening_session(path) == ScreeningSession("visit 7", expected)


@pytest.mark.real
def test_real_samples_and_their_session_read(real_session: Path) -> None:
    found = {k: read_sample_dm(real_session / f"Sample{k}/Sample.dm") for k in (0, 1, 2, 4)}
    assert found == {
        0: SampleDm("Single Atlas", -1, "Idle", 0.0),
        1: SampleDm(None, 0, "Idle", 0.0),
        2: SampleDm("grid1", 1, "Acquired", 100.0),
        4: SampleDm("grid3", 3, "Acquired", 100.0),
    }
    session = read_screening_session(real_session / "ScreeningSession.dm")
    assert session.name == real_session.name
    assert session.started_at == datetime(2023, 9, 19, 11, 4, 34, 526939, UTC)
