"""The data set folder: dataset.json, squares.jsonl, crops/<grid>/<id>.png, masks/...."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from model.preprocess import CROP_SIZE_PX, CROP_UM, PITCH_RANGE_UM, Crop

HEADER_FILE = "dataset.json"
LIST_FILE = "squares.jsonl"
CRACK_BIT = 1
"""Mask value of cracked or missing film."""
CONTAMINATION_BIT = 2
"""Mask value of contamination."""


_PIXEL_NM = 1000 * CROP_UM / CROP_SIZE_PX


class DatasetError(ValueError):
    """A data set folder that is not as it must be: path, expected, found."""


class OutputNotEmptyError(ValueError):
    """The folder to write to already holds something."""


class Split(StrEnum):
    """Which part of a data set a square belongs to; a grid is wholly in one."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Header(_Row):
    """What dataset.json says."""

    version: Literal[1] = 1
    pixel_nm: float = Field(
        default=_PIXEL_NM, ge=_PIXEL_NM - 0.5, le=_PIXEL_NM + 0.5, description="the one all have"
    )
    size_px: int = Field(default=CROP_SIZE_PX, gt=0)
    origin: str = Field(description="how the squares were made or where they come from")
    seed: int | None = Field(default=None, description="None where nothing was drawn at random")


Grade = Annotated[float, Field(ge=0, le=4)]


class Grades(_Row):
    """What is known of the five scores, 0-4; None where nothing was said.

    Cracking and contamination are severities, overall 4 = best.
    """

    brightness: Grade | None = None
    squareness: Grade | None = None
    cracking: Grade | None = None
    contamination: Grade | None = None
    overall: Grade | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if all(value is None for value in self.model_dump().values()):
            raise ValueError("expected at least one score, found none (unlabelled: no labels)")
        return self


class Labels(Grades):
    """All five scores."""

    brightness: Grade
    squareness: Grade
    cracking: Grade
    contamination: Grade
    overall: Grade


class Square(_Row):
    """One line of squares.jsonl; `crop` and `mask` are paths relative to the folder."""

    id: str = Field(min_length=1)
    grid: str = Field(min_length=1)
    crop: str
    full_scale: float = Field(gt=0, allow_inf_nan=False)
    film_level: float = Field(gt=0, allow_inf_nan=False)
    vacuum_level: float | None = Field(default=None, allow_inf_nan=False)
    mesh_pitch_um: float | None = Field(default=None, ge=PITCH_RANGE_UM[0], le=PITCH_RANGE_UM[1])
    mask: str | None = None
    labels: Grades | None = None
    split: Split = Split.TRAIN


@dataclass(frozen=True)
class Dataset:
    """A checked folder: its header and its squares in the file's order."""

    folder: Path
    header: Header
    squares: tuple[Square, ...]

    @property
    def fingerprint(self) -> str:
        """Name these very squares and labels: a hash of header and list."""
        digest = hashlib.sha256((self.folder / HEADER_FILE).read_bytes())
        digest.update((self.folder / LIST_FILE).read_bytes())
        return digest.hexdigest()

    def crop(self, square: Square) -> Crop:
        """Read one square's pixels; a missing or unfit file is a `DatasetError`."""
        pixels = _read_grey(self.folder / square.crop, self.header.size_px)
        levels = square.full_scale, square.film_level, square.vacuum_level
        return Crop(pixels, *levels, square.mesh_pitch_um)

    def mask(self, square: Square) -> NDArray[np.uint8] | None:
        """Read one square's defects, uint8 (size, size) of bits, or None when it has none."""
        if square.mask is None:
            return None
        return _read_grey(self.folder / square.mask, self.header.size_px)


def read_dataset(folder: Path) -> Dataset:
    """Read and check a folder's header and list; pixels are read when asked for.

    Raises:
        DatasetError: if a file is missing, a line is wrong, an id occurs twice, a grid is in two
            splits, or a crop is not there.
    """
    header = _read_header(folder / HEADER_FILE)
    squares = tuple(_read_squares(folder / LIST_FILE))
    _check_unique(folder, squares)
    for square in squares:
        if not (folder / square.crop).is_file():
            raise DatasetError(
                f"{folder / square.crop}: expected the crop of {square.id}, found no file"
            )
    return Dataset(folder, header, squares)


def check_empty(out: Path) -> None:
    """Make sure that nothing would be overwritten.

    Raises:
        OutputNotEmptyError: if `out` is a file, under a file, or a folder that holds anything.
    """
    above = next((folder for folder in out.absolute().parents if folder.exists()), None)
    if above is not None and not above.is_dir():
        raise OutputNotEmptyError(f"{out}: expected a new or empty folder, found {above}, a file")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputNotEmptyError(f"{out}: expected a new or empty folder, found something there")


class DatasetWriter:
    """Write a data set folder square by square; the list is complete when the writer is closed."""

    def __init__(self, folder: Path, header: Header) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._size_px = header.size_px
        self._list = (folder / LIST_FILE).open("w", encoding="utf-8")
        (folder / HEADER_FILE).write_text(header.model_dump_json(indent=2) + "\n", encoding="utf-8")

    def add(
        self,
        square: Square,
        pixels: NDArray[np.uint8],
        mask: NDArray[np.uint8] | None = None,
    ) -> None:
        """Write one square: its images under the paths it names, then its line.

        Args:
            square: its line; `square.mask` must be given exactly when `mask` is.
            pixels: uint8 (size, size), square-root coded.
            mask: uint8 (size, size), bits of defects.

        Raises:
            DatasetError: if an image has the wrong shape, or mask and line disagree.
        """
        if (mask is None) != (square.mask is None):
            raise DatasetError(f"{square.id}: expected a mask image and a mask path together")
        _write_grey(self._folder / square.crop, pixels, self._size_px)
        if mask is not None and square.mask is not None:
            _write_grey(self._folder / square.mask, mask, self._size_px)
        self._list.write(square.model_dump_json() + "\n")

    def close(self) -> None:
        """Finish the list."""
        self._list.close()

    def __enter__(self) -> Self:
        """Write within a `with` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close at its end."""
        self.close()


def _read_header(path: Path) -> Header:
    try:
        return Header.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DatasetError(f"{path}: expected a data set's header, found none ({error})") from error
    except (ValidationError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path}: {error}") from error


def _read_squares(path: Path) -> Iterator[Square]:
    try:
        lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path}: expected one JSON object a line ({error})") from error
    for number, line in enumerate(lines, start=1):
        try:
            yield Square.model_validate(json.loads(line))
        except (ValidationError, json.JSONDecodeError) as error:
            raise DatasetError(f"{path}, line {number}: {error}") from error


def _check_unique(folder: Path, squares: tuple[Square, ...]) -> None:
    seen: set[str] = set()
    splits: dict[str, Split] = {}
    for square in squares:
        if square.id in seen:
            raise DatasetError(f"{folder}: expected unique ids, found {square.id} twice")
        seen.add(square.id)
        if splits.setdefault(square.grid, square.split) != square.split:
            raise DatasetError(f"{folder}: grid {square.grid}: expected one split, found two")


def _read_grey(path: Path, size_px: int) -> NDArray[np.uint8]:
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise DatasetError(f"{path}: expected an image, found none that can be read")
    if image.dtype != np.uint8 or image.shape != (size_px, size_px):
        raise DatasetError(
            f"{path}: expected 8-bit grey ({size_px}, {size_px}), found {image.dtype} {image.shape}"
        )
    return np.asarray(image, np.uint8)


def _write_grey(path: Path, image: NDArray[np.uint8], size_px: int) -> None:
    if image.dtype != np.uint8 or image.shape != (size_px, size_px):
        raise DatasetError(
            f"{path}: expected uint8 ({size_px}, {size_px}), found {image.dtype} {image.shape}"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), image):
        raise DatasetError(f"{path}: the image could not be written")
