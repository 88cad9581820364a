"""The data set folder: what is written is read, what is wrong is named."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from model.dataset import (
    DatasetError,
    DatasetWriter,
    Grades,
    Header,
    Split,
    Square,
    read_dataset,
)
from tests.model.samples import SIZE_PX, write_squares


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_squares(tmp_path / "data")
    return tmp_path / "data"


def change_line(folder: Path, **changes: object) -> None:
    path = folder / "squares.jsonl"
    lines = path.read_text().splitlines()
    lines[1] = json.dumps(json.loads(lines[1]) | changes)
    path.write_text("\n".join(lines) + "\n")


def test_what_was_written_is_read(folder: Path) -> None:
    dataset = read_dataset(folder)
    assert len(dataset.squares) == 12
    first = dataset.squares[0]
    assert dataset.crop(first).pixels.shape == (SIZE_PX, SIZE_PX)
    mask = dataset.mask(first)
    assert mask is not None
    assert mask[30, 30] == 1
    assert mask[21, 21] == 2
    assert {s.split for s in dataset.squares} == {Split.TRAIN, Split.VALIDATION}


def test_a_square_may_have_no_labels_and_no_mask(folder: Path) -> None:
    change_line(folder, labels=None, mask=None)
    dataset = read_dataset(folder)
    assert dataset.squares[1].labels is None
    assert dataset.mask(dataset.squares[1]) is None


def test_a_square_may_have_some_labels(folder: Path) -> None:
    change_line(folder, labels={"overall": 3, "cracking": None})
    labels = read_dataset(folder).squares[1].labels
    assert labels == Grades(overall=3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": {"overall": 5}}, "line 2"),
        ({"labels": {}}, "expected at least one score"),
        ({"film_level": 0}, "film_level"),
        ({"colour": "red"}, "colour"),
        ({"id": "s000"}, "s000 twice"),
        ({"split": "validation"}, "expected one split"),
        ({"crop": "crops/none.png"}, "found no file"),
    ],
)
def test_a_wrong_line_is_named(folder: Path, changes: dict[str, object], message: str) -> None:
    change_line(folder, **changes)
    with pytest.raises(DatasetError, match=message):
        read_dataset(folder)


def test_a_line_that_is_no_json_is_named(folder: Path) -> None:
    (folder / "squares.jsonl").write_text("{\n")
    with pytest.raises(DatasetError, match="line 1"):
        read_dataset(folder)


def test_a_folder_without_header_is_no_data_set(folder: Path) -> None:
    (folder / "dataset.json").unlink()
    with pytest.raises(DatasetError, match=r"dataset\.json"):
        read_dataset(folder)


@pytest.mark.parametrize("image", [np.zeros((10, 10), np.uint8), np.zeros((64, 64), np.uint16)])
def test_a_crop_of_another_size_or_depth_is_refused(folder: Path, image: np.ndarray) -> None:
    dataset = read_dataset(folder)
    cv2.imwrite(str(folder / dataset.squares[0].crop), image)
    with pytest.raises(DatasetError, match="expected 8-bit grey"):
        dataset.crop(dataset.squares[0])


def test_a_crop_that_is_no_image_is_refused(folder: Path) -> None:
    dataset = read_dataset(folder)
    (folder / dataset.squares[0].crop).write_bytes(b"text")
    with pytest.raises(DatasetError, match="expected an image"):
        dataset.crop(dataset.squares[0])


def test_the_writer_wants_mask_and_path_together(tmp_path: Path) -> None:
    square = Square(id="a", grid="g", crop="a.png", full_scale=2, film_level=1, mask="m.png")
    with (
        DatasetWriter(tmp_path, Header(size_px=8, origin="test")) as writer,
        pytest.raises(DatasetError, match="together"),
    ):
        writer.add(square, np.zeros((8, 8), np.uint8))
