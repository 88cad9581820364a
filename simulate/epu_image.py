"""The XML beside an image: MicroscopeImage of a tile and of the stitched atlas (EPU 3.4)."""

from dataclasses import dataclass
from datetime import datetime
from math import radians
from uuid import UUID

from simulate.epu_shared import camera_input, custom_value, metre, optics, rectangle, size, xy
from simulate.epu_xml import AR, SD, SO, WM, XSI, Element, el, write_xml
from simulate.instrument import Instrument

STAGE_Z_M = 7.0e-05
ALPHA_RAD = radians(-0.016)
BETA_RAD = radians(1.01)


@dataclass(frozen=True)
class ImageFacts:
    """What differs from image to image: stage in um, dose in electrons per binned pixel."""

    unique_id: UUID
    taken_at: datetime
    stage_um: tuple[float, float]
    dose: float
    exposure_s: float = 1.0


def tile_xml(instrument: Instrument, facts: ImageFacts) -> bytes:
    """`Tile_*.xml`."""
    pixel_m = instrument.pixel_um * 1e-6
    values: list[tuple[str, bool | int | str | float | None]] = [
        ("DoseOnCamera", facts.dose),
        ("StemMagnification", False),
        ("Aperture[C1].Name", "2000"),
        ("Aperture[C2].Name", "50"),
        ("Aperture[C3].Name", "None"),
        ("Aperture[OBJ].Name", "None"),
        ("Aperture[SA].Name", "None"),
        (f"Detectors[{instrument.camera}].CommercialName", instrument.commercial_name),
        (f"Detectors[{instrument.camera}].ElectronCounted", instrument.counting),
        ("DoseRate", facts.dose / (instrument.binning**2 * facts.exposure_s)),
        ("IlluminationIntensity", 0.0),
        ("Dose", facts.dose / pixel_m**2),
        ("PhasePlateUsed", False),
        ("BinaryResult.Detector", instrument.camera),
        ("DetectorCommercialName", instrument.commercial_name),
        ("AppliedDefocus", instrument.defocus_m),
    ]
    return _image(instrument, facts, values, 1.0)


def atlas_xml(instrument: Instrument, first: ImageFacts, planned: int, acquired: int) -> bytes:
    """`Atlas_*.xml`: the first tile's metadata, the counters, the atlas' own scale, stage at 0."""
    values: list[tuple[str, bool | int | str | float | None]] = [
        ("NumberOfTilesPlanned", planned),
        ("AppliedDefocus", instrument.defocus_m),
        ("NumberOfTilesAcquired", acquired),
    ]
    facts = ImageFacts(first.unique_id, first.taken_at, (0.0, 0.0), first.dose, first.exposure_s)
    return _image(instrument, facts, values, 1 / instrument.atlas_scale)


def _image(
    instrument: Instrument,
    facts: ImageFacts,
    values: list[tuple[str, bool | int | str | float | None]],
    coarser: float,
) -> bytes:
    root = el(
        "MicroscopeImage",
        el("name", "Empty"),
        el("uniqueID", str(facts.unique_id)),
        el("CustomData", *(custom_value(key, value) for key, value in values), a=AR),
        el("IntensityScale", None),
        _transformation(instrument, coarser),
        _scale(instrument.pixel_um * 1e-6 * coarser),
        el("microscopeData", *_microscope(instrument, facts)),
        default=SO,
        i=XSI,
    )
    return write_xml(root)


def _transformation(instrument: Instrument, coarser: float) -> Element:
    m11, m12, m21, m22 = (value * 1e-9 * coarser for value in instrument.matrix_nm)
    entries = (
        ("m11", m11),
        ("m12", m12),
        ("m21", m21),
        ("m22", m22),
        ("offsetX", 0),
        ("offsetY", m21),
        ("padding", 0),
        ("type", "TRANSFORM_IS_UNKNOWN"),
    )
    matrix = el("matrix", *(el(f"a:_{name}", value) for name, value in entries), a=WM)
    return el("ReferenceTransformation", matrix, metre("unit"))


def _scale(pixel_m: float) -> Element:
    def pair(tag: str, value: float) -> Element:
        return el(
            tag,
            *(el(axis, el("numericValue", value), metre("unit")) for axis in ("x", "y")),
        )

    return el("SpatialScale", pair("offset", 0.0), pair("pixelSize", pixel_m))


def _microscope(instrument: Instrument, facts: ImageFacts) -> list[Element]:
    return [
        _acquisition(instrument, facts),
        el(
            "core",
            el("ApplicationSoftware", "TemAppCommon"),
            el("ApplicationSoftwareVersion", "5.14.0.5305"),
            el("Guid", str(facts.unique_id)),
        ),
        el(
            "gun",
            el("AccelerationVoltage", instrument.voltage),
            el("ExtractorVoltage", 4250 if instrument.field_emission else None),
            el("Filament", None),
            el("GunLens", 4 if instrument.field_emission else None),
            el("Sourcetype", instrument.gun),
            el("WehneltBias", None),
        ),
        el(
            "instrument",
            el("AcquisitionSoftware", None),
            el("AcquisitionSoftwareVersion", None),
            el("ComputerName", instrument.model),
            el("InstrumentID", "0"),
            el("InstrumentModel", instrument.model),
        ),
        el("optics", *optics(instrument, prefix="", inner="a", settings=False, empty=False)),
        el("sample", el("Description", None), el("ID", None)),
        _stage(facts),
        el(
            "vacuum",
            el("ProjectionChamberPressure", 0),
            el("SamplePressure", 0),
            el("VacuumMode", "Ready"),
        ),
    ]


def _stage(facts: ImageFacts) -> Element:
    position = el(
        "Position",
        el("A", ALPHA_RAD),
        el("B", BETA_RAD),
        el("X", facts.stage_um[0] * 1e-6),
        el("Y", facts.stage_um[1] * 1e-6),
        el("Z", STAGE_Z_M),
    )
    return el("stage", el("Holder", "Unspecified"), position, el("SampleLoader", "None"))


def _acquisition(instrument: Instrument, facts: ImageFacts) -> Element:
    camera = el(
        "camera",
        xy("Binning", "a", instrument.binning, instrument.binning),
        el("CameraLocation", instrument.location),
        camera_input(instrument),
        el("DarkGainCorrection", "None"),
        el("ExposureTime", facts.exposure_s),
        el("Inserted", True),
        el("Name", instrument.camera),
        el("PreExposurePauseTime", 0),
        el("PreExposureSupported", False),
        el("PreExposureTime", 0),
        rectangle("ReadoutArea", "a", (0, 0, instrument.width_px, instrument.height_px)),
        el("Shutter", "PreSpecimen"),
    )
    scan = el(
        "scanSettings",
        el("DwellTime", 0),
        el("ReducedArea", None, a=SD),
        size("Resolution", "a", 0, 0),
        rectangle("ScanArea", "a", (0, 0, 0, 0)),
        el("ScanRotation", 0),
    )
    detector = el(
        "scanningDetector",
        el("DetectorType", "SecondaryElectrons"),
        el("Gain", None),
        el("Inserted", False),
        el("Name", None),
        el("Offset", None),
    )
    return el(
        "acquisition",
        el("acquisitionDateTime", facts.taken_at),
        el("analyticalDetectors"),
        camera,
        el("plateCamera", el("ExposureTime", 0), el("Use", False)),
        scan,
        detector,
    )
