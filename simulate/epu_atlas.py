"""Atlas.dm as EPU 3.4 writes it: the empty skeleton, and the atlas with tiles and squares."""

from dataclasses import dataclass
from datetime import datetime

from simulate.epu_nodes import TileEntry, tile_list
from simulate.epu_shared import (
    CORE,
    LIBRARY,
    CameraInput,
    camera_settings,
    dictionary_head,
    dictionary_type,
    image_reference,
    optics,
    prefixed,
    rectangle,
    shared_as,
    size,
    xy,
)
from simulate.epu_xml import AR, SD, SO, SYSTEM, XSI, Element, G, P, T, Z, el, ident, write_xml
from simulate.instrument import Instrument

_STRING, _OBJECT = (f"[System.{name}, {CORE}]" for name in ("String", "Object"))


@dataclass(frozen=True)
class AtlasState:
    """An atlas so far. `atlas_name` is None in the skeleton."""

    session_id: int
    started_at: datetime
    acquired_at: datetime
    folder: str
    description: str | None
    atlas_name: str | None
    tiles: tuple[TileEntry, ...]
    file_format: str = "Mrc"


def atlas_dm(instrument: Instrument, state: AtlasState) -> bytes:
    """The whole file."""
    root = ident(
        "AtlasSessionXml",
        *atlas_session(instrument, state, prefix="", own_ref="session"),
        Type="Applications.SciencesAppsShared.GridAtlas.Persistence.AtlasSessionXml",
        Assembly=LIBRARY,
        default=P,
        i=XSI,
        z=Z,
    )
    return write_xml(shared_as(root, "session"))


def atlas_session(
    instrument: Instrument, state: AtlasState, *, prefix: str, own_ref: str
) -> list[Element]:
    """The children of an atlas session; `own_ref` is the key that its own element is shared by."""
    inner = "b" if prefix else "a"

    def p(name: str) -> str:
        return prefixed(prefix, name)

    description = (
        el(p("Description"), None)
        if state.description is None
        else shared_as(ident(p("Description"), state.description), "no text")
    )
    return [
        el("Id", state.session_id, default=T),
        ident(p("Atlas"), *_atlas(instrument, state, prefix, own_ref)),
        description,
        el(p("ImageFileFormat"), state.file_format),
        ident(p("Name"), "Atlas"),
        el(p("StartDateTime"), state.started_at),
        ident(p("StorageFolder"), state.folder),
        version(p("Version"), inner),
    ]


def version(tag: str, inner: str) -> Element:
    """A System.Version of 3.0."""
    return ident(
        tag,
        el(f"{inner}:_Build", 0),
        el(f"{inner}:_Major", 3),
        el(f"{inner}:_Minor", 0),
        el(f"{inner}:_Revision", -1),
        **{inner: SYSTEM},
    )


def _atlas(instrument: Instrument, state: AtlasState, prefix: str, own_ref: str) -> list[Element]:
    inner, deeper = ("b", "c") if prefix else ("a", "b")
    empty = state.atlas_name is None

    def p(name: str) -> str:
        return prefixed(prefix, name)

    reference = (
        el(p("AtlasImageReference"), None, **{inner: T})
        if state.atlas_name is None
        else image_reference(p("AtlasImageReference"), inner, state.atlas_name, state.file_format)
    )
    return [
        el("Id", 1, default=T),
        el(p("AcquiredWithImageBeamShift"), False),
        el(p("AcquisitionDateTime"), state.acquired_at),
        _acquisition(instrument, state, p("AcquisitionSettings"), inner, deeper),
        el(p("AlignmentTileId"), None),
        el(p("AtlasAlignmentTransformation"), None),
        reference,
        xy(p("CryoboxReferenceVector"), inner, 0, 0),
        el(p("HighLmAlignmentImageReference"), None, **{inner: T}),
        el(p("IsStem"), False),
        el(p("Name"), None),
        el(p("NrTiles"), None),
        ident(
            p("OpticsSettings"),
            *optics(instrument, prefix=inner, inner=deeper, settings=True, empty=empty),
            **{inner: SO},
        ),
        _categories(p("SelectedCategories"), inner, state),
        shared_as(ident(p("Session")), own_ref),
        el(p("StartPosition"), "CloseToCenter"),
        tile_list(p("TilesEfficient"), prefix, state.tiles),
    ]


def _categories(tag: str, inner: str, state: AtlasState) -> Element:
    """The categories left ticked: all that occur; the list's capacity is eight."""
    used = sorted(
        {n.category for tile in state.tiles for n in tile.nodes if n.category is not None}
    )
    if not used:
        items = ident(f"{inner}:_items", Size="0")
    else:
        padded = used + [0] * (8 - len(used))
        items = ident(f"{inner}:_items", *(el(f"{inner}:int", c) for c in padded), Size="8")
    count = len(used)
    return ident(
        tag, items, el(f"{inner}:_size", count), el(f"{inner}:_version", count), **{inner: AR}
    )


def _acquisition(
    instrument: Instrument, state: AtlasState, tag: str, inner: str, deeper: str
) -> Element:
    empty = state.atlas_name is None

    def p(name: str) -> str:
        return f"{inner}:{name}"

    binning = 0 if empty else instrument.binning
    box = (0, 0, 0, 0) if empty else (0, 0, instrument.width_px, instrument.height_px)
    camera = ident(
        p("camera"),
        xy(p("Binning"), deeper, binning, binning),
        el(p("CameraLocation"), "WideAngle" if empty else instrument.location),
        _camera_input(
            p("CameraSpecificInput"), deeper, () if empty else camera_settings(instrument)
        ),
        el(p("DarkGainCorrection"), "None"),
        el(p("ExposureTime"), 0 if empty else 1),
        el(p("Inserted"), False),
        el(p("Name"), None) if empty else ident(p("Name"), instrument.camera),
        el(p("PreExposurePauseTime"), 0),
        el(p("PreExposureSupported"), False),
        el(p("PreExposureTime"), 0),
        rectangle(p("ReadoutArea"), deeper, box),
        el(p("Shutter"), "PreSpecimen"),
    )
    scan = ident(
        p("scanSettings"),
        el(p("DwellTime"), 0),
        el(p("ReducedArea"), None, **{deeper: SD}),
        size(p("Resolution"), deeper, 0, 0),
        rectangle(p("ScanArea"), deeper, (0, 0, 0, 0)),
        el(p("ScanRotation"), 0),
    )
    detector = ident(
        p("scanningDetector"),
        el(p("DetectorType"), "SecondaryElectrons"),
        el(p("Gain"), None),
        el(p("Inserted"), False),
        el(p("Name"), None),
        el(p("Offset"), None),
    )
    return ident(
        tag,
        el(p("acquisitionDateTime"), state.started_at),
        ident(
            p("analyticalDetectors"),
            ident(p("_items"), Size="0"),
            el(p("_size"), 0),
            el(p("_version"), 0),
        ),
        camera,
        ident(p("plateCamera"), el(p("ExposureTime"), 0 if empty else 1), el(p("Use"), False)),
        scan,
        detector,
        **{inner: SO},
    )


def _camera_input(tag: str, inner: str, settings: CameraInput) -> Element:
    count = len(settings)
    children = dictionary_head(count, 17 if settings else 0, _STRING, "string comparer")
    if settings:
        pairs = (
            el(
                "KeyValuePairOfstringanyType",
                ident("key", key),
                _any_value(value),
                default=G,
            )
            for key, value in settings
        )
        pair_type = f"System.Collections.Generic.KeyValuePair`2[{_STRING},{_OBJECT}][]"
        children.append(
            ident(
                "KeyValuePairs",
                *pairs,
                Type=pair_type,
                Assembly="0",
                Size=str(count),
                default="",
            )
        )
    return ident(tag, *children, **dictionary_type(_STRING, _OBJECT), **{inner: AR})


def _any_value(value: bool | int | str | None) -> Element:
    if value is None:
        return el("value", None)
    names = {bool: "System.Boolean", int: "System.Int32", str: "System.String"}
    return ident("value", value, Type=names[type(value)], Assembly="0")
