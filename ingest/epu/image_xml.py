"""Read the `MicroscopeImage` XML that EPU writes beside every image (EPU 2.9 to 3.9)."""

from pathlib import Path

from ingest.epu.errors import BadValue
from ingest.epu.metadata import AtlasImageMetadata, TileMetadata
from ingest.epu.xml import Node, read_document

_NM_PER_M = 1e9
_UM_PER_M = 1e6


def read_image_xml(path: Path) -> TileMetadata:
    """Read a tile's XML.

    Pixel size and image size must be there, the rest is None when absent; what is there must be
    sound. An `IncompleteFile` ends too early; another `EpuError` says what is missing or wrong.
    """
    return _metadata(read_document(path, "MicroscopeImage"))


def read_atlas_xml(path: Path) -> AtlasImageMetadata:
    """Read the XML of a stitched atlas image: metadata of its first tile, and the tile counters.

    An `IncompleteFile` ends too early; another `EpuError` says what is missing or wrong.
    """
    root = read_document(path, "MicroscopeImage")
    custom = _custom_data(root)
    planned, acquired = custom.get("NumberOfTilesPlanned"), custom.get("NumberOfTilesAcquired")
    return AtlasImageMetadata(
        image=_metadata(root),
        tiles_planned=None if planned is None else _count(planned),
        tiles_acquired=None if acquired is None else _count(acquired),
    )


def _metadata(root: Node) -> TileMetadata:
    data = root.get("microscopeData")
    camera = data.get("acquisition", "camera")
    binning = camera.find("Binning", "x")
    dose = _custom_data(root).get("DoseOnCamera")
    voltage_v = _number(data, "gun", "AccelerationVoltage")
    acquired = data.find("acquisition", "acquisitionDateTime")
    return TileMetadata(
        stage_um=_stage_um(data),
        pixel_nm=_positive(root.get("SpatialScale", "pixelSize", "x", "numericValue")) * _NM_PER_M,
        matrix_nm=_matrix_nm(root),
        binning=None if binning is None else _size(binning),
        width_px=_size(camera.get("ReadoutArea", "width")),
        height_px=_size(camera.get("ReadoutArea", "height")),
        acquired_at=None if acquired is None else acquired.moment(),
        dose_per_px=None if dose is None else max(dose.number(), 0.0),
        camera=_text(camera, "Name"),
        magnification=_number(data, "optics", "TemMagnification", "NominalMagnification"),
        voltage_kv=None if voltage_v is None else voltage_v / 1000,
        exposure_s=_number(camera, "ExposureTime"),
        instrument_id=_text(data, "instrument", "InstrumentID"),
        instrument_model=_text(data, "instrument", "InstrumentModel"),
        unique_id=_text(root, "uniqueID"),
        software=_software(data),
    )


def _custom_data(root: Node) -> dict[str, Node]:
    """CustomData's values by key; nil values are left out."""
    custom = root.find("CustomData")
    pairs = [] if custom is None else list(custom.children("KeyValueOf*"))
    found = ((pair.find("Key"), pair.find("Value")) for pair in pairs)
    return {
        key.text() or "": value for key, value in found if key is not None and value is not None
    }


def _stage_um(data: Node) -> tuple[float, float, float] | None:
    position = data.find("stage", "Position")
    if position is None or position.find("X") is None or position.find("Y") is None:
        return None
    z = _number(position, "Z") or 0.0
    x, y = position.get("X").number(), position.get("Y").number()
    return x * _UM_PER_M, y * _UM_PER_M, z * _UM_PER_M


def _matrix_nm(root: Node) -> tuple[float, float, float, float] | None:
    """The image-to-stage matrix, None when absent.

    Raises:
        BadValue: It maps the image onto a line.
    """
    matrix = root.find("ReferenceTransformation", "matrix")
    if matrix is None:
        return None
    names = ("_m11", "_m12", "_m21", "_m22")
    m11, m12, m21, m22 = (matrix.get(name).number() * _NM_PER_M for name in names)
    if m11 * m22 == m12 * m21:
        found = f"{(m11, m12, m21, m22)} nm"
        raise BadValue(
            root.document.path, expected="an invertible ReferenceTransformation", found=found
        )
    return m11, m12, m21, m22


def _number(node: Node, *names: str) -> float | None:
    found = node.find(*names)
    return None if found is None else found.number()


def _text(node: Node, *names: str) -> str | None:
    found = node.find(*names)
    return None if found is None else found.text()


def _positive(node: Node) -> float:
    value = node.number()
    if value <= 0:
        raise node.bad("a number above 0")
    return value


def _size(node: Node) -> int:
    value = node.integer()
    if not 0 < value < 2**20:
        raise node.bad("a size between 1 and a million")
    return value


def _count(node: Node) -> int:
    value = node.integer()
    if not 0 <= value < 2**20:
        raise node.bad("a count between 0 and a million")
    return value


def _software(data: Node) -> str | None:
    name = _text(data, "core", "ApplicationSoftware")
    version = _text(data, "core", "ApplicationSoftwareVersion")
    return " ".join(part for part in (name, version) if part) or None
