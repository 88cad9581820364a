"""Images beside the MRC files: EPU's previews, and TIFF."""

import cv2
import numpy as np
from numpy.typing import NDArray

PREVIEW_SIDE_PX = 512
_FLOOR_SHARE = 0.02
"""Bars are not quite black in EPU's previews."""


def preview_bytes(image: NDArray[np.uint16]) -> bytes:
    """EPU's preview: long side 512, each stretched between its own percentiles, JPEG."""
    height, width = image.shape
    factor = PREVIEW_SIDE_PX / max(width, height)
    size = (round(width * factor), round(height * factor))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    low, high = np.percentile(small, [0.5, 99.5])
    low -= _FLOOR_SHARE * (high - low)
    stretched = np.clip((small - low) * (255 / max(float(high - low), 1.0)), 0, 255)
    _, coded = cv2.imencode(".jpg", stretched.astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 90])
    return coded.tobytes()


def tiff_bytes(image: NDArray[np.uint16]) -> bytes:
    """An uncompressed 16-bit TIFF."""
    _, coded = cv2.imencode(".tiff", image, [cv2.IMWRITE_TIFF_COMPRESSION, 1])
    return coded.tobytes()
