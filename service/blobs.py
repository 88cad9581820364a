"""Pictures by the sha256 of their bytes: small ones in the database, large ones as files."""

import errno
import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile

import sqlalchemy as sa
from sqlalchemy.orm import Session, undefer

from service.errors import InvalidError, NotFoundError
from service.queries.parents import insert_if_new
from service.tables import BlobRow

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
JPEG_MAGIC = b"\xff\xd8\xff"
MOST_PIXELS = 2**28
"""16384 x 16384: few bytes can claim a picture that no memory holds."""

AT_ONCE = 1000
"""Pictures that one question names."""

JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""JPEG markers whose segment holds the picture's size."""


@dataclass(frozen=True)
class Picture:
    """What a picture's header says."""

    media_type: str
    width_px: int
    height_px: int


@dataclass(frozen=True)
class BlobStore:
    """Where pictures are kept.

    Attributes:
        folder: of the files.
        row_bytes: pictures up to this size are rows of the database.
    """

    folder: Path
    row_bytes: int

    def put(self, db: Session, digest: str, data: bytes) -> None:
        """Store a picture under its hash; storing it again changes nothing.

        Raises:
            InvalidError: if the hash is not that of the bytes, or they are no PNG or JPEG.
        """
        found = sha256(data).hexdigest()
        if found != digest:
            raise InvalidError(f"sha256 of the body is {found}, expected {digest}")
        picture = read_picture(data)
        if len(data) > self.row_bytes:
            # The row first: a sweep of the same picture has then ended, or waits for this one.
            _insert(db, digest, picture, size=len(data), data=None)
            _write_file(self.path(digest), data)
        else:
            _insert(db, digest, picture, size=len(data), data=data)

    def get(self, db: Session, digest: str) -> tuple[BlobRow, bytes]:
        """Get a picture: its row and its bytes.

        Raises:
            NotFoundError: if it was never stored, or its file is gone.
        """
        row = db.scalars(
            sa.select(BlobRow).where(BlobRow.sha256 == digest).options(undefer(BlobRow.data))
        ).one_or_none()
        if row is None:
            raise NotFoundError(f"no picture {digest}")
        if row.data is not None:
            return row, row.data
        try:
            return row, self.path(digest).read_bytes()
        except FileNotFoundError as error:
            self._check_there()
            raise NotFoundError(f"picture {digest}: its file is gone from {self.folder}") from error

    def _check_there(self) -> None:
        """Tell one lost file from a folder that is away, as an unmounted share is.

        Raises:
            OSError: if the folder is missing or empty.
        """
        if not self.folder.is_dir() or not any(self.folder.iterdir()):
            raise OSError(errno.ESTALE, "pictures are away: is the share mounted?", self.folder)

    def path(self, digest: str) -> Path:
        """Get the file of a large picture."""
        return self.folder / digest[:2] / digest


def store_small(db: Session, data: bytes | None) -> str | None:
    """Store a small picture in the database, in the transaction that names it; return its hash."""
    if data is None:
        return None
    digest = sha256(data).hexdigest()
    _insert(db, digest, read_picture(data), size=len(data), data=data)
    return digest


def list_missing_blobs(db: Session, digests: list[str], *, keep: bool = False) -> list[str]:
    """List which pictures are not stored, in the order asked.

    Args:
        db: asked.
        digests: of the pictures.
        keep: no sweep takes those that are stored before this transaction ends (in SQLite none
            does anyway while another writes).
    """
    asked = sorted(set(digests))  # who locks several does so in one order
    stored: set[str] = set()
    for start in range(0, len(asked), AT_ONCE):
        part = asked[start : start + AT_ONCE]
        question = (
            sa.select(BlobRow.sha256).where(BlobRow.sha256.in_(part)).order_by(BlobRow.sha256)
        )
        if keep:
            question = question.with_for_update(read=True, key_share=True)
        stored.update(db.scalars(question))
    return [digest for digest in dict.fromkeys(digests) if digest not in stored]


def read_picture(data: bytes) -> Picture:
    """Read a PNG's or JPEG's header.

    Raises:
        InvalidError: if the bytes are neither, or end inside the header.
    """
    try:
        if data.startswith(PNG_MAGIC) and data[12:16] == b"IHDR":
            return _checked("image/png", _uint(data, 16, 4), _uint(data, 20, 4))
        if data.startswith(JPEG_MAGIC):
            return _read_jpeg(data)
    except IndexError as error:
        raise InvalidError(f"picture ends inside its header: {len(data)} bytes") from error
    raise InvalidError(f"expected a PNG or JPEG, found bytes {data[:8].hex(' ') or '(none)'}")


def _read_jpeg(data: bytes) -> Picture:
    at = 2
    while data[at] == 0xFF:
        marker = data[at + 1]
        if marker in JPEG_FRAMES:
            return _checked("image/jpeg", _uint(data, at + 7, 2), _uint(data, at + 5, 2))
        at += 2 + _uint(data, at + 2, 2)
    raise InvalidError(f"JPEG without a frame: found byte {data[at]:#04x} at {at}, expected 0xff")


def _checked(media_type: str, width_px: int, height_px: int) -> Picture:
    if width_px == 0 or height_px == 0:
        raise InvalidError(f"picture of {width_px} x {height_px} pixels, expected at least 1 x 1")
    if width_px * height_px > MOST_PIXELS:
        raise InvalidError(
            f"picture of {width_px} x {height_px} pixels, expected at most {MOST_PIXELS}"
        )
    return Picture(media_type, width_px, height_px)


def _uint(data: bytes, at: int, size: int) -> int:
    if at + size > len(data):
        raise IndexError(at)
    return int.from_bytes(data[at : at + size], "big")


def _insert(db: Session, digest: str, picture: Picture, *, size: int, data: bytes | None) -> None:
    values: dict[str, object] = {
        "sha256": digest,
        "media_type": picture.media_type,
        "width_px": picture.width_px,
        "height_px": picture.height_px,
        "size": size,
        "data": data,
    }
    insert_if_new(db, BlobRow, values)


def _write_file(path: Path, data: bytes) -> None:
    """Write a file so that its name never stands for half of it, even after a power cut."""
    if path.exists():
        path.touch()  # it is asked for again: no sweep takes it now
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, prefix=".new-", delete=False) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
