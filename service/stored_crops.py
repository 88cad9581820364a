"""Crops as they are stored: from a picture's bytes to what a network sees, believing nothing."""

from hashlib import sha256

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.records import CROP_SIZE_PX
from model.preprocess import Crop
from service.blobs import PNG_MAGIC, BlobStore, read_picture
from service.database import Database
from service.errors import InvalidError
from service.queries.scores import SquareToScore


class BadCropError(Exception):
    """A stored crop is not what a crop must be."""


def read_crop(database: Database, blobs: BlobStore, square: SquareToScore) -> Crop:
    """Read a square's crop, with the grey levels that its score is made with.

    Raises:
        BadCropError: if it is damaged; one that is not there is a `NotFoundError`.
    """
    with database.read() as session:
        data = blobs.get(session, square.crop_sha256)[1]
    if sha256(data).hexdigest() != square.crop_sha256:
        raise BadCropError(
            f"picture {square.crop_sha256} is damaged: {len(data)} bytes of another hash"
        )
    return Crop(
        pixels=decode_crop(data),
        full_scale=square.full_scale,
        film_level=square.film_level,
        vacuum_level=square.vacuum_level,
        mesh_pitch_um=square.mesh_pitch_um,
    )


def decode_crop(data: bytes) -> NDArray[np.uint8]:
    """Decode a crop's PNG file.

    Returns:
        Pixels, uint8 of shape (640, 640), coded as they travel.

    Raises:
        BadCropError: if the file cannot be decoded or is not an 8-bit grey image of that size.
    """
    _check_size(data)
    _check_chunks(data)
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise BadCropError(f"{len(data)} bytes are no image that can be decoded")
    if pixels.shape != (CROP_SIZE_PX, CROP_SIZE_PX) or pixels.dtype != np.uint8:
        raise BadCropError(
            f"expected {CROP_SIZE_PX} x {CROP_SIZE_PX} uint8, found {pixels.shape} {pixels.dtype}"
        )
    return pixels.astype(np.uint8, copy=False)


def _check_size(data: bytes) -> None:
    """Look at a picture's header before anything is decoded.

    Raises:
        BadCropError: if it is no picture, or not of a crop's size.
    """
    try:
        picture = read_picture(data)
    except InvalidError as error:
        raise BadCropError(
            f"{len(data)} bytes are no image that can be decoded: {error.message}"
        ) from error
    size = (picture.width_px, picture.height_px)
    if size != (CROP_SIZE_PX, CROP_SIZE_PX):
        raise BadCropError(
            f"expected {CROP_SIZE_PX} x {CROP_SIZE_PX} uint8, found {size[0]} x {size[1]}"
        )


def _check_chunks(data: bytes) -> None:
    """Add up a PNG's chunks: the decoder believes their lengths and makes room for gigabytes.

    Raises:
        BadCropError: if one claims more bytes than follow.
    """
    at = len(PNG_MAGIC)
    while data.startswith(PNG_MAGIC) and at + 8 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        at += 12 + length
        if at > len(data):
            raise BadCropError(
                f"{len(data)} bytes are no image that can be decoded: a chunk of {length} bytes"
            )
        if kind == b"IEND":
            return
