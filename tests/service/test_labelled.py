"""What people labelled becomes a data set: means of authors, whole grids held out."""

import json
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from model.attributes import squareness
from model.dataset import Dataset, Grades, Split, Square, read_dataset
from model.preprocess import film_units
from service.cli import main
from service.settings import Settings
from tests.service.examples import KEY, make_png, make_square, put_atlas, put_blob, put_squares

pytestmark = pytest.mark.usefixtures("client", "logging_as_before")  # in this order

OTHER = KEY.model_copy(update={"sample": 4, "epu_atlas_id": 901})


@pytest.fixture
def ids(client: TestClient) -> list[str]:
    """Make four squares of Sample2 and two of Sample4; the fourth and the sixth have no crop."""
    crops = [put_blob(client, make_png(640, 640, grey)) for grey in (128, 255)]
    made: list[str] = []
    for key, count in ((KEY, 4), (OTHER, 2)):
        put_atlas(client, key=key, vacuum_level=180.0, mesh_pitch_um=83.2)
        squares = [
            make_square(
                100.0 * n,
                0,
                crop_sha256=None if n == count - 1 else crops[n % 2],
                crop_full_scale=None if n == count - 1 else 400.0,
            )
            for n in range(count)
        ]
        made += put_squares(client, squares, key=key)
    return made


def post(client: TestClient, *labels: dict[str, object]) -> None:
    answer = client.post("/api/v1/labels", json=list(labels))
    assert answer.status_code == 200, answer.text


def write(settings: Settings, out: Path, *words: str) -> Dataset:
    assert main(command(settings, out, *words)) == 0
    return read_dataset(out)


def command(settings: Settings, out: Path, *words: str) -> list[str]:
    where = ["--data", str(settings.data_dir), "--database-url", str(settings.database_url)]
    return ["labels", str(out), "--quiet", *where, *words]


def one(dataset: Dataset, square_id: str) -> Square:
    (found,) = (square for square in dataset.squares if square.id == square_id)
    return found


def test_labels_of_several_people_become_one_and_the_last_grid_is_held_out(
    client: TestClient, ids: list[str], settings: Settings, tmp_path: Path
) -> None:
    post(
        client,
        {"square_id": ids[0], "author": "an", "overall": 3, "cracking": 0},
        {"square_id": ids[0], "author": "bo", "overall": 2},
        {"square_id": ids[1], "author": "an", "brightness": 1, "overall": 1},
        {"square_id": ids[4], "author": "bo", "contamination": 4},
    )
    post(client, {"square_id": ids[1], "author": "an", "brightness": 2})

    dataset = write(settings, tmp_path / "set")

    assert len(dataset.squares) == 3
    first, second, other = (one(dataset, ids[n]) for n in (0, 1, 4))
    assert [s.split for s in (first, second, other)] == [
        Split.TRAIN,
        Split.TRAIN,
        Split.VALIDATION,
    ]
    assert (first.grid, other.grid) == ("Supervisor_1/Sample2", "Supervisor_1/Sample4")
    assert first.labels is not None
    assert (first.labels.overall, first.labels.cracking) == (2.5, 0)
    assert first.labels.contamination is None
    measured = squareness(film_units(dataset.crop(second)))
    assert second.labels == Grades(brightness=2, squareness=measured)  # what was said last
    assert other.labels is not None
    assert (other.labels.contamination, other.labels.overall) == (4, None)
    crop = dataset.crop(first)
    assert np.unique(crop.pixels).tolist() == [128]
    assert (crop.full_scale, crop.film_level, crop.vacuum_level) == (400, 100, 180)
    assert crop.mesh_pitch_um == 83.0  # as scores see it


def test_squares_without_labels_are_added_from_grids_that_are_not_held_out(
    client: TestClient, ids: list[str], settings: Settings, tmp_path: Path
) -> None:
    post(client, *({"square_id": ids[n], "author": "an", "overall": 1} for n in (0, 4)))

    dataset = write(settings, tmp_path / "set", "--unlabelled", "10")

    assert {str(s.id) for s in dataset.squares if s.labels is None} == {ids[1], ids[2]}


def test_labels_of_one_author_can_be_asked_for(
    client: TestClient, ids: list[str], settings: Settings, tmp_path: Path
) -> None:
    post(
        client,
        {"square_id": ids[0], "author": "an", "overall": 3},
        {"square_id": ids[0], "author": "bo", "overall": 2},
        {"square_id": ids[1], "author": "bo", "overall": 2},
    )

    dataset = write(settings, tmp_path / "set", "--author", "an")

    assert [str(s.id) for s in dataset.squares] == [ids[0]]
    assert dataset.squares[0].labels is not None
    assert dataset.squares[0].labels.overall == 3


def test_what_is_left_out_or_missing_is_said(
    client: TestClient,
    ids: list[str],
    settings: Settings,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    post(client, *({"square_id": ids[n], "author": "an", "overall": 1} for n in (0, 3)))

    assert main(command(settings, tmp_path / "set")) == 0
    text = capsys.readouterr().out
    assert "1 labelled and 0 unlabelled squares" in text
    assert "left out: 1 squares" in text
    assert "label squares of another grid" in text
    assert main(command(settings, tmp_path / "again", "--json")) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["labelled"], found["left_out"], found["held_out"]) == (1, 1, [])


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        ([], 1, "no square has been labelled: label on the page"),
        (["--author", "an"], 1, "no square has been labelled by an"),
        (["--unlabelled", "-1"], 2, "expected 0 or more, found -1"),
        (["--validation", "1"], 2, "expected 0 to less than 1, found 1.0"),
    ],
)
def test_what_cannot_be_written_is_one_line(
    settings: Settings,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    status: int,
    message: str,
) -> None:
    assert main(command(settings, tmp_path / "set", *words)) == status
    assert message in capsys.readouterr().err
    assert not (tmp_path / "set").exists()


def test_nothing_is_overwritten(
    client: TestClient,
    ids: list[str],
    settings: Settings,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    post(client, {"square_id": ids[0], "author": "an", "overall": 3})
    write(settings, tmp_path / "set")

    assert main(command(settings, tmp_path / "set")) == 2
    assert "expected a new or empty folder" in capsys.readouterr().err
