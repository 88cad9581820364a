"""Pieces of XML that EPU's image files and its Atlas.dm have in common."""

from simulate.epu_xml import AR, CT, FT, SD, XSD, Element, T, Value, el, ident
from simulate.instrument import Instrument

LIBRARY = (
    "Applications.SciencesAppsShared.GridAtlas.Persistence, Version=1.31.0.5704, "
    "Culture=neutral, PublicKeyToken=null"
)
CORE = "mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089"

CameraInput = tuple[tuple[str, bool | int | str | None], ...]

_COUNTING: CameraInput = (
    ("AlignIntegratedImageEnabled", False),
    ("SuperResolutionFactor", 1),
    ("FractionationSettings", None),
    ("ElectronCountingEnabled", True),
    ("ApplyDefinedShutter", True),
)
_EVERY: CameraInput = (("CetaFramesSummed", 1), ("CetaNoiseReductionEnabled", False))
_READOUT: CameraInput = (("FixedReadoutArea", "Full"),)


def camera_settings(instrument: Instrument) -> CameraInput:
    """The camera's own settings; a Ceta, which integrates, has only the two that bear its name."""
    return (*_COUNTING, *_EVERY, *_READOUT) if instrument.counting else _EVERY


def xy(tag: str, inner: str, x: Value, y: Value, *, under: str = "") -> Element:
    """A pair as Fei.Types (`_x`, `_y`) or System.Drawing (`x`, `y`) writes it, by `under`."""
    uri = FT if under == "_" else SD
    return el(tag, el(f"{inner}:{under}x", x), el(f"{inner}:{under}y", y), **{inner: uri})


def size(tag: str, inner: str, width: Value, height: Value) -> Element:
    """A System.Drawing size: height before width."""
    return el(tag, el(f"{inner}:height", height), el(f"{inner}:width", width), **{inner: SD})


def rectangle(tag: str, inner: str, box: tuple[Value, Value, Value, Value]) -> Element:
    """A System.Drawing rectangle from (x, y, width, height)."""
    x, y, width, height = box
    return el(
        tag,
        el(f"{inner}:height", height),
        el(f"{inner}:width", width),
        el(f"{inner}:x", x),
        el(f"{inner}:y", y),
        **{inner: SD},
    )


def metre(tag: str) -> Element:
    """The unit that follows a length."""
    return el(
        tag,
        el("a:_x003C_PrefixExponent_x003E_k__BackingField", 1),
        el("a:_x003C_Symbol_x003E_k__BackingField", "m"),
        a=CT,
    )


def custom_value(key: str, value: bool | int | str | float | None) -> Element:
    """One pair of CustomData or CameraSpecificInput in an image file (prefix a = arrays)."""
    if value is None:
        written = el("a:Value", None)
    else:
        names = {bool: "boolean", int: "int", float: "double", str: "string"}
        written = Element("a:Value", value, {"b": XSD}, (("i:type", f"b:{names[type(value)]}"),))
    return el("a:KeyValueOfstringanyType", el("a:Key", key), written)


def camera_input(instrument: Instrument) -> Element:
    """CameraSpecificInput of an image file."""
    pairs = (custom_value(key, value) for key, value in camera_settings(instrument))
    return el("CameraSpecificInput", *pairs, a=AR)


def prefixed(prefix: str, name: str) -> str:
    """A tag with a prefix, or without where it is empty."""
    return f"{prefix}:{name}" if prefix else name


def optics(
    instrument: Instrument, *, prefix: str, inner: str, settings: bool, empty: bool
) -> list[Element]:
    """The children of `optics` (image file) or `OpticsSettings` (Atlas.dm).

    Args:
        instrument: The microscope.
        prefix: Of these elements.
        inner: Prefix for pairs inside them.
        settings: True in Atlas.dm, whose magnification is an index and whose lists carry z:Id.
        empty: True for the skeleton of a slot that was never acquired.
    """

    def p(name: str, *content: Element | Value | None) -> Element:
        return el(prefixed(prefix, name), *content)

    def pair(name: str, x: Value = 0, y: Value = 0) -> Element:
        return xy(prefixed(prefix, name), inner, x, y, under="_")

    live = not empty
    probe = "MicroProbe" if live else None
    magnification = (4 if settings else instrument.magnification) if live else 0
    return [
        _apertures(prefix, settings=settings and live),
        p("BeamConvergence", None),
        p("BeamDiameter", instrument.beam_m if live else None),
        pair("BeamShift"),
        pair("BeamTilt"),
        p("Cameralength", 0),
        p("ColumnOperatingMode", "TEM"),
        p("ColumnOperatingTemSubMode", "BrightField"),
        pair("CondenserStigmator"),
        p("Defocus", instrument.defocus_m if live else 0),
        p("DiffractionFocus", 0),
        pair("DiffractionShift"),
        pair("DiffractionStigmator"),
        p("EFTEMOn", live and instrument.filtered),
        _energy_filter(prefix, settings=settings)
        if live and instrument.filtered
        else p("EnergyFilter", None),
        p("Focus", 0 if settings else -0.00069),
        el(prefixed(prefix, "GunStigmator"), None, **{inner: FT}),
        p("IlluminationMode", "Parallel" if instrument.field_emission and not settings else None),
        p("IlluminationProbeSubMode", None),
        pair("ImageShift"),
        p("Intensity", 0 if live else None),
        p("ObjectiveLensMode", "LM"),
        pair("ObjectiveStigmator"),
        p("ProbeMode", probe),
        p("ProjectorMode", "Imaging" if live else "Diffraction"),
        p("SpotIndex", 8 if live else None),
        p("StemDefocus", 0),
        p("StemFieldOfView", None),
        p("StemMagnification", None),
        p("TemMagnification", p("NominalMagnification", magnification)),
    ]


def _apertures(prefix: str, *, settings: bool) -> Element:
    if not settings:
        return el(prefixed(prefix, "Apertures"), None)
    c2 = ident(prefixed(prefix, "C2Aperture"), el(prefixed(prefix, "Diameter"), 50))
    return ident(prefixed(prefix, "Apertures"), c2, el(prefixed(prefix, "C3Aperture"), None))


def _energy_filter(prefix: str, *, settings: bool) -> Element:
    make = ident if settings else el
    return make(
        prefixed(prefix, "EnergyFilter"),
        *(
            el(prefixed(prefix, name), value)
            for name, value in (
                ("AccelerationVoltageOffset", 0),
                ("DriftTubeVoltage", 0),
                ("EnergySelectionSlitInserted", False),
                ("EnergySelectionSlitWidth", 20),
                ("EnergyShift", 0),
                ("EntranceApertureDiameter", None),
                ("EntranceApertureType", None),
            )
        ),
    )


def shared_as(element: Element, key: str) -> Element:
    """The element as the one that later ones of this key refer to."""
    return Element(
        element.tag,
        element.content,
        element.declares,
        element.attributes,
        identified=True,
        shared=key,
    )


def image_reference(tag: str, inner: str, name: str, file_format: str) -> Element:
    """A reference to an image file by its stem."""
    base = ident(f"{inner}:BaseFileName", name)
    return ident(tag, base, el(f"{inner}:FileFormat", file_format), **{inner: T})


def dictionary_type(key: str, value: str) -> dict[str, str]:
    """The z: attributes of a .NET dictionary."""
    return {"Type": f"System.Collections.Generic.Dictionary`2[{key},{value}]", "Assembly": "0"}


def dictionary_head(count: int, hash_size: int, key_type: str, shared: str) -> list[Element]:
    """Version, comparer and hash size, which every serialised dictionary begins with."""
    whole = {"Type": "System.Int32", "Assembly": "0"}
    comparer = ident(
        "Comparer",
        Type=f"System.Collections.Generic.GenericEqualityComparer`1[{key_type}]",
        Assembly="0",
        default="",
    )
    return [
        ident("Version", count, **whole, default=""),
        shared_as(comparer, shared),
        ident("HashSize", hash_size, **whole, default=""),
    ]
