"""Read the small files of a screening session: ScreeningSession.dm and every sample's Sample.dm."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ingest.epu.xml import read_document


@dataclass(frozen=True, slots=True)
class SampleDm:
    """The state of one autoloader position.

    Attributes:
        name: The operator's name for the grid.
        slot: 0-based SlotId, -1 for a manual atlas.
        status: `Idle` or `Acquired` have been seen.
        percent: Share of the atlas that is acquired, 0 to 100.
    """

    name: str | None
    slot: int | None
    status: str | None
    percent: float | None


@dataclass(frozen=True, slots=True)
class ScreeningSession:
    """The session as EPU describes it.

    Attributes:
        name: The operator's name for it.
        started_at: UTC.
    """

    name: str | None
    started_at: datetime | None


def read_sample_dm(path: Path) -> SampleDm:
    """Read Sample.dm; an `EpuError` says what is wrong with it."""
    root = read_document(path, "SampleXml")
    name, slot = root.find("Name"), root.find("SlotId")
    status, percent = (
        root.find("AtlasAcquisitionStatus"),
        root.find("AcquisitionPercentageCompleted"),
    )
    return SampleDm(
        name=None if name is None else name.text(),
        slot=None if slot is None else slot.integer(),
        status=None if status is None else status.text(),
        percent=None if percent is None else min(max(percent.number(), 0.0), 100.0),
    )


def read_screening_session(path: Path) -> ScreeningSession:
    """Read ScreeningSession.dm; an `EpuError` says what is wrong with it."""
    root = read_document(path, "ScreeningSessionXml")
    name, started = root.find("Name"), root.find("StartDateTime")
    return ScreeningSession(
        name=None if name is None else name.text(),
        started_at=None if started is None else started.moment(),
    )
