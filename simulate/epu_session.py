"""Sample.dm and ScreeningSession.dm as EPU 3.4 writes them."""

from dataclasses import dataclass
from datetime import datetime

from simulate.epu_atlas import AtlasState, atlas_session, version
from simulate.epu_shared import CORE, LIBRARY, dictionary_head, shared_as
from simulate.epu_xml import AR, PS, XSI, Element, G, P, T, Z, el, ident, write_xml
from simulate.instrument import Instrument

_SCREENING = "Applications.SciencesAppsShared.GridAtlas.Persistence.Screening"
_PAIR = "KeyValuePairOfintSerializedReferenceOfSampleXmlw6cLULmsm6koiAE_P"
_INT = f"[System.Int32, {CORE}]"
_REFERENCE = (
    f"[Fei.Applications.Common.Types.SerializedReference`1[[{_SCREENING}.SampleXml, {LIBRARY}]], "
    "Fei.Applications.Common.Types, Version=6.7.0.0, Culture=neutral, PublicKeyToken=null]"
)


@dataclass(frozen=True)
class SampleState:
    """One autoloader slot: 0-based, -1 for the manual atlas; `percent` is None while idle."""

    sample_id: int
    slot: int
    name: str
    percent: float | None


def sample_dm(state: SampleState) -> bytes:
    """`Sample.dm`."""
    done = state.percent is not None and state.percent >= 100
    status = "Acquired" if done else "Idle" if state.percent is None else "Acquiring"
    percent = round(state.percent or 0)
    root = ident(
        "SampleXml",
        el("Id", state.sample_id, default=T),
        el("AcquiredAtlasAvailable", done),
        el("AcquisitionPercentageCompleted", percent),
        ident("AtlasAcquisitionStatus", status),
        ident("AtlasSessionStorageFolder", "."),
        el("Guid", "00000000-0000-0000-0000-000000000000"),
        el("HistoricSample", False),
        ident("Name", state.name),
        el("SelectedForAtlasAcquisition", state.percent is not None),
        el("SlotId", state.slot),
        ident("SpecimenCarrierType", "Occupied"),
        version("Version", "a"),
        Type=f"{_SCREENING}.SampleXml",
        Assembly=LIBRARY,
        default=PS,
        i=XSI,
        z=Z,
    )
    return write_xml(root)


def screening_session_dm(
    instrument: Instrument, state: AtlasState, name: str, parent: str, slots: tuple[int, ...]
) -> bytes:
    """`ScreeningSession.dm`.

    Args:
        instrument: The microscope.
        state: The session's own, always empty, atlas.
        name: Of the session: its folder.
        parent: Folder above, as a Windows path.
        slots: SlotId of each sample in the order of the list.
    """
    started: datetime = state.started_at
    own = shared_as(
        ident("AtlasSession", *atlas_session(instrument, state, prefix="a", own_ref="atlas"), a=P),
        "atlas",
    )
    root = ident(
        "ScreeningSessionXml",
        el("Id", state.session_id - 2, default=T),
        own,
        shared_as(ident("Description", ""), "no text"),
        el("ImageFileFormat", state.file_format),
        ident("Name", name),
        _samples(state.session_id - 1, slots),
        el("StartDateTime", started),
        ident("StorageFolder", parent),
        version("Version", "a"),
        Type=f"{_SCREENING}.ScreeningSessionXml",
        Assembly=LIBRARY,
        default=PS,
        i=XSI,
        z=Z,
    )
    return write_xml(root)


def _samples(own_id: int, slots: tuple[int, ...]) -> Element:
    pair_type = f"System.Collections.Generic.KeyValuePair`2[{_INT},{_REFERENCE}][]"
    pairs = (
        el(
            _PAIR,
            el("key", slot),
            ident("value", shared_as(ident("c:FileName", "Sample.dm"), "sample file"), c=T),
            default=G,
        )
        for slot in slots
    )
    children = dictionary_head(len(slots), len(slots) + 1, _INT, "int comparer")
    attributes = {"Type": pair_type, "Assembly": "0", "Size": str(len(slots))}
    children.append(ident("KeyValuePairs", *pairs, **attributes, default=""))
    dictionary = {
        "Type": f"System.Collections.Generic.Dictionary`2[{_INT},{_REFERENCE}]",
        "Assembly": "0",
    }
    return ident(
        "Samples",
        el("Id", own_id, default=T),
        ident("a:Samples", *children, **dictionary, b=AR),
        a=P,
    )
