"""Images beside the MRC files: EPU's previews, and TIFF."""

import cv2
import numpy as np
from numpy.typing import NDArray

PREVIEW_SIDE_PX = 512
_STRETCHED = (0.5, 99.9)
"""Percentiles of a tile, and the greys that they become in EPU's previews."""

_GREYS = (2.0, 242.0)
_QUALITY = 94


def preview_bytes(image: NDArray[np.uint16]) -> bytes:
    """EPU's preview: long side 512, each stretched between its own percentiles, JPEG."""
    height, width = image.shape
    factor = PREVIEW_SIDE_PX / max(width, height)
    size = (round(width * factor), round(height * factor))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    low, high = np.percentile(small, _STRETCHED)
    step = max(float(high - low), 1.0) / (_GREYS[1] - _GREYS[0])
    grey = np.clip(np.rint((small - low) / step + _GREYS[0]), 0, 255).astype(np.uint8)
    _, coded = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return coded.tobytes()


def tiff_bytes(image: NDArray[np.uint16]) -> bytes:
    """An uncompressed 16-bit TIFF."""
    _, coded = cv2.imencode(".tiff", image, [cv2.IMWRITE_TIFF_COMPRESSION, 1])
    return coded.tobytes()
