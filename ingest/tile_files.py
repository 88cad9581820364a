"""A tile's files: whichever of MRC, TIFF, JPEG and XML are there, read to one placed image."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.atlas import AtlasTile
from ingest.epu import EpuError, TileMetadata, read_image_xml, read_mrc_metadata, read_pixels
from ingest.place import TileOptics
from ingest.work_tile import reduce_tile

PIXEL_SUFFIXES = ("mrc", "tiff", "tif", "jpg")
"""Where pixels are taken from, best first."""

MAX_ASPECT_ERROR = 0.02
MAX_SCALE_ERROR = 0.1


PREVIEW = "jpg"
"""EPU's 8-bit preview, stretched by itself: pixels of last resort."""


class TileBrokenError(Exception):
    """A tile whose image or metadata are damaged. A preview's grey values would not fit others'."""


class TileNotReadyError(Exception):
    """A tile that lacks a file: it waits, with this reason."""


@dataclass
class TileFiles:
    """What the folder holds of one tile."""

    name: str
    epu_tile_id: int
    index: int
    paths: dict[str, Path] = field(default_factory=dict)
    stalled: dict[str, str] = field(default_factory=dict)

    @property
    def pixel_suffix(self) -> str | None:
        """Suffix of the best pixels that are whole."""
        whole = [s for s in PIXEL_SUFFIXES if s in self.paths and s not in self.stalled]
        return whole[0] if whole else None


@dataclass(frozen=True)
class ReadTile:
    """A tile that was read."""

    tile: AtlasTile
    metadata: TileMetadata
    pixels_from: str
    path: Path


def read_tile(files: TileFiles, *, accept_preview: bool) -> ReadTile:
    """Read a tile from what is there.

    Args:
        files: the tile's files.
        accept_preview: take EPU's 8-bit preview when there is nothing better.

    Raises:
        TileNotReadyError: a file that may still come is missing.
        TileBrokenError: its image is damaged and no longer changes, or its metadata disagree.

    An `EpuError` says that a file is there and broken.
    """
    suffix = files.pixel_suffix
    broken = [files.stalled[s] for s in PIXEL_SUFFIXES if s in files.stalled]
    if broken and suffix in {None, PREVIEW}:
        raise TileBrokenError(broken[0])
    if suffix is None:
        raise TileNotReadyError(_missing_pixels(files))
    if suffix == PREVIEW and not accept_preview:
        raise TileNotReadyError("waiting for its image: only the 8-bit preview is there")
    metadata = _metadata(files)
    path = files.paths[suffix]
    pixels = read_tile_pixels(path, metadata)
    optics = _optics(files, metadata)
    _check_size(path, pixels, metadata)
    tile = AtlasTile(files.epu_tile_id, optics, reduce_tile(pixels, optics))
    return ReadTile(tile, metadata, suffix, path)


def read_tile_pixels(path: Path, metadata: TileMetadata) -> NDArray[np.generic]:
    """(h, w) grey values; a preview's own stretch is undone with the tile's dose.

    An `EpuError` says that the file is no image, or is damaged.
    """
    pixels = read_pixels(path)
    if path.suffix.lower() != ".jpg":
        return pixels
    dose = metadata.dose_per_px
    mean = max(float(pixels.mean()), 1.0)
    per_grey = dose / mean if dose else DARK_PREVIEW_ELECTRONS / 255
    return pixels.astype(np.float32) * np.float32(PREVIEW_COUNTS_PER_ELECTRON * per_grey)


DARK_PREVIEW_ELECTRONS = 0.3
"""What the brightest pixel of a tile without dose can have seen, electrons."""

PREVIEW_COUNTS_PER_ELECTRON = 100.0


def _missing_pixels(files: TileFiles) -> str:
    return "waiting for its image: only " + ", ".join(sorted(files.paths)) + " is there"


def _metadata(files: TileFiles) -> TileMetadata:
    """From the XML, else from the extended header of the MRC.

    Raises:
        TileNotReadyError: neither is there, or the header says too little.
    """
    error: EpuError | None = None
    if "xml" in files.paths and "xml" not in files.stalled:
        try:
            return read_image_xml(files.paths["xml"])
        except EpuError as found:
            error = found
    if "mrc" in files.paths and "mrc" not in files.stalled:
        header = read_mrc_metadata(files.paths["mrc"])
        if header is not None and header.stage_um is not None and header.matrix_nm is not None:
            return header
    if error is not None:
        raise error
    raise TileNotReadyError(
        files.stalled.get("xml", "waiting for its XML: the image itself says no stage position")
    )


def _optics(files: TileFiles, metadata: TileMetadata) -> TileOptics:
    if metadata.stage_um is None or metadata.matrix_nm is None:
        raise TileNotReadyError("its metadata give no stage position or no image-to-stage matrix")
    matrix = np.array(metadata.matrix_nm, dtype=np.float64).reshape(2, 2)
    row = float(np.hypot(matrix[0, 0], matrix[0, 1]))
    if not np.isfinite(matrix).all() or row == 0 or abs(np.linalg.det(matrix)) < 1e-6 * row**2:
        raise TileNotReadyError(f"its image-to-stage matrix cannot be inverted: {matrix.tolist()}")
    binned = _binned_per_matrix_pixel(metadata, row)
    return TileOptics(
        index=files.index,
        stage_um=metadata.stage_um[:2],
        matrix_um=matrix * binned * 1e-3,
        pixel_um=metadata.pixel_nm * 1e-3,
        width_px=metadata.width_px,
        height_px=metadata.height_px,
    )


def _binned_per_matrix_pixel(metadata: TileMetadata, row_nm: float) -> float:
    """Tile pixels' size over that of the matrix' pixels, which EPU does not bin.

    Raises:
        TileBrokenError: matrix, binning and pixel size cannot all be true.
    """
    ratio = metadata.pixel_nm / row_nm
    binning = metadata.binning or round(ratio)
    if abs(ratio / max(binning, 1) - 1) > MAX_SCALE_ERROR and abs(ratio - 1) > MAX_SCALE_ERROR:
        raise TileBrokenError(
            f"pixel size: expected {row_nm * binning:.1f} nm by its matrix and binning {binning}, "
            f"found {metadata.pixel_nm:.1f} nm"
        )
    return ratio


class TileSizeError(EpuError):
    """Pixels and metadata that disagree about the tile's shape."""


def _check_size(path: Path, pixels: NDArray[np.generic], metadata: TileMetadata) -> None:
    height, width = pixels.shape
    expected = (metadata.width_px, metadata.height_px)
    exact = path.suffix.lower() == ".mrc"
    aspect = abs(width / height / (expected[0] / expected[1]) - 1)
    if (exact and (width, height) != expected) or aspect > MAX_ASPECT_ERROR:
        raise TileSizeError(
            path,
            expected=f"{expected[0]} x {expected[1]} px as its metadata say",
            found=f"{width} x {height} px",
        )
