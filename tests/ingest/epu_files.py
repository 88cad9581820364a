"""Make small files as EPU writes them."""

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SESSION = "Supervisor_20260102_030405_made_up"
MODES = {"int8": 0, "int16": 1, "float32": 2, "uint16": 6, "float16": 12}
SO = "http://schemas.datacontract.org/2004/07/Fei.SharedObjects"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
Z = "http://schemas.microsoft.com/2003/10/Serialization/"


def mrc_bytes(
    pixels: NDArray[np.generic],
    *,
    order: str = "<",
    pixel_angstrom: float = 0.0,
    extended: bytes = b"",
    extended_type: bytes = b"",
) -> bytes:
    """An MRC file: `pixels` (height, width) of a type in MODES."""
    height, width = pixels.shape
    header = bytearray(1024)
    mode = MODES[pixels.dtype.name]
    struct.pack_into(f"{order}4i", header, 0, width, height, 1, mode)
    struct.pack_into(f"{order}3i", header, 28, width, height, 1)
    cell = (width * pixel_angstrom, height * pixel_angstrom, 0.0)
    struct.pack_into(f"{order}3f", header, 40, *cell)
    struct.pack_into(f"{order}i", header, 92, len(extended))
    header[104:108] = extended_type.ljust(4, b"\0")
    header[208:212] = b"MAP "
    header[212:216] = b"\x44\x44\0\0" if order == "<" else b"\x11\x11\0\0"
    return bytes(header) + extended + pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()


def film(height: int = 48, width: int = 64) -> NDArray[np.uint16]:
    """Grey values (height, width) without a zero among them."""
    rows, columns = np.indices((height, width))
    return (100 + rows + 2 * columns).astype(np.uint16)


def image_xml(
    *,
    stage_m: Sequence[str] = ("1E-06", "-2.5E-06", "7E-05"),
    pixel_m: str = "1.4E-07",
    binning: str = "2",
    size: tuple[str, str] = ("64", "48"),
    time: str = "2023-09-19T12:29:59.8897284+01:00",
    custom: dict[str, str] | None = None,
) -> str:
    """A MicroscopeImage document with the elements that matter, on one line."""
    values = {"DoseOnCamera": "9.5"} if custom is None else custom
    pairs = "".join(
        f"<a:KeyValueOfstringanyType><a:Key>{key}</a:Key><a:Value>{value}</a:Value>"
        "</a:KeyValueOfstringanyType>"
        for key, value in values.items()
    )
    matrix = {"_m11": "7E-08", "_m12": "0", "_m21": "0", "_m22": "-7E-08"}
    cells = "".join(f"<m:{name}>{value}</m:{name}>" for name, value in matrix.items())
    x, y, z = stage_m
    width, height = size
    return (
        f'<MicroscopeImage xmlns="{SO}" xmlns:i="{XSI}"><uniqueID>a-guid</uniqueID>'
        f'<CustomData xmlns:a="urn:arrays">{pairs}</CustomData>'
        f'<ReferenceTransformation><matrix xmlns:m="urn:media">{cells}</matrix>'
        "</ReferenceTransformation><SpatialScale><pixelSize><x><numericValue>"
        f"{pixel_m}</numericValue></x></pixelSize></SpatialScale><microscopeData><acquisition>"
        f'<acquisitionDateTime>{time}</acquisitionDateTime><camera><Binning xmlns:d="urn:draw">'
        f"<d:x>{binning}</d:x><d:y>{binning}</d:y></Binning><ExposureTime>1</ExposureTime>"
        f'<Name>EF-CCD</Name><ReadoutArea xmlns:d="urn:draw"><d:height>{height}</d:height>'
        f"<d:width>{width}</d:width></ReadoutArea></camera></acquisition>"
        "<gun><AccelerationVoltage>300000</AccelerationVoltage></gun>"
        "<instrument><InstrumentID>3632</InstrumentID><InstrumentModel>TITAN1</InstrumentModel>"
        '</instrument><optics><Apertures i:nil="true"/><TemMagnification><NominalMagnification>135'
        "</NominalMagnification></TemMagnification></optics><stage><Position><A>0</A><B>0</B>"
        f"<X>{x}</X><Y>{y}</Y><Z>{z}</Z></Position></stage></microscopeData></MicroscopeImage>"
    )


def atlas_dm_xml(atlas: str) -> str:
    """An Atlas.dm around the content of its Atlas element."""
    return (
        f'<AtlasSessionXml xmlns:z="{Z}" xmlns:i="{XSI}"><Atlas>{atlas}</Atlas></AtlasSessionXml>'
    )


def tile_name(index: int, atlas_id: int = 500) -> str:
    """Stem of the tile with that order of acquisition."""
    return f"Tile_{atlas_id + 7 + 13 * index}_{index}_{atlas_id}"


def atlas_folder(root: Path, sample: int = 1) -> Path:
    """The folder of a sample's atlas, made."""
    folder = root / SESSION / f"Sample{sample}" / "Atlas"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
