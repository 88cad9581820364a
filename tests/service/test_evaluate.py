"""`xcryonet evaluate` on squares of a session: what counts, what is missing, what fails."""

import argparse
import json
from pathlib import Path

import pytest

from service.evaluate import add_arguments, run
from service.screen import read_folder
from tests.faults.chaos import make_session


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("session")
    make_session(folder, seed=5)
    return folder


@pytest.fixture(scope="module")
def nodes(session: Path) -> list[int]:
    [atlas] = read_folder(session)
    known = [square.record.epu_node_id for square in atlas.squares if square.pixels is not None]
    return [node for node in known if node is not None]


def evaluate(session: Path, rows: list[dict[str, object]], *words: str) -> int:
    labels = session.parent / "labels.json"
    labels.write_text(json.dumps(rows))
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    given = ["--labels", str(labels), "--session", str(session), "--device", "cpu", *words]
    return run(parser.parse_args(given))


def row(node: int, **scores: float) -> dict[str, object]:
    return {"key": f"n{node}", "sample": 1, "epu_node": node} | scores


def test_labels_of_any_score_count_and_squares_that_are_not_there_are_named(
    session: Path, nodes: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [row(nodes[0], brightness=3), row(nodes[1], overall=2, cracking=0), row(1, overall=4)]
    assert evaluate(session, rows, "--json") == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert found["missing"] == ["n1"]
    assert "1 of 3 squares not found: n1" in said.err
    assert {name: f["count"] for name, f in found["figures"]["all"].items()} == {
        "brightness": 1,
        "cracking": 1,
        "overall": 1,
    }


def test_a_session_that_has_none_of_the_squares_is_named(
    session: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(session, [row(1, overall=4)]) == 1
    assert "expected images of the 1 labelled squares, found none" in capsys.readouterr().err


def test_a_picture_is_refused_before_anything_is_scored(
    session: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("picture.xyz", "."):
        assert evaluate(session, [row(1, overall=4)], "--picture", str(tmp_path / name)) == 1
        assert "expected a name that ends in .png" in capsys.readouterr().err
