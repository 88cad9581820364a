"""What an image's files say about how it was taken: one record, whichever file it came from."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class TileMetadata:
    """Metadata of one image; None where its file does not say.

    Attributes:
        stage_um: Stage X, Y, Z of the image's centre.
        pixel_nm: Side of an image pixel, binning included.
        matrix_nm: m11, m12, m21, m22 of EPU's image-to-stage matrix, nm per UNBINNED pixel.
        binning: Sensor pixels along the side of an image pixel.
        width_px: Image width.
        height_px: Image height.
        acquired_at: Start of the exposure, UTC.
        dose_per_px: Mean electrons per image pixel.
        camera: EPU's name of the camera, e.g. `EF-CCD`.
        magnification: Nominal magnification.
        voltage_kv: Acceleration voltage.
        exposure_s: Exposure time.
        instrument_id: EPU's number of the microscope.
        instrument_model: EPU's name of the microscope.
        unique_id: GUID of the image.
        software: Program and version that took the image.
    """

    stage_um: tuple[float, float, float] | None
    pixel_nm: float
    matrix_nm: tuple[float, float, float, float] | None
    binning: int | None
    width_px: int
    height_px: int
    acquired_at: datetime | None
    dose_per_px: float | None = None
    camera: str | None = None
    magnification: float | None = None
    voltage_kv: float | None = None
    exposure_s: float | None = None
    instrument_id: str | None = None
    instrument_model: str | None = None
    unique_id: str | None = None
    software: str | None = None


@dataclass(frozen=True, slots=True)
class AtlasImageMetadata:
    """Metadata of a stitched atlas image.

    Attributes:
        image: As for a tile, except that `stage_um` is the atlas origin and that `width_px` and
            `height_px` are the camera's: EPU does not say the stitched image's own size.
        tiles_planned: Tiles that EPU means to take.
        tiles_acquired: Tiles taken so far: fewer than planned for an aborted atlas.
    """

    image: TileMetadata
    tiles_planned: int | None
    tiles_acquired: int | None
