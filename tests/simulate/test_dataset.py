import json
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model.dataset import OutputNotEmptyError, Split, read_dataset
from simulate.dataset import DatasetPlan, write_dataset
from simulate.dataset_command import add_arguments, run

PLAN = DatasetPlan(grids=2, squares_per_grid=4, seed=3)


def parse(*words: str) -> Namespace:
    parser = ArgumentParser()
    add_arguments(parser)
    return parser.parse_args([*words, "--quiet"])


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_folder_reads_back_through_the_models_own_reader(tmp_path: Path) -> None:
    write_dataset(tmp_path / "set", PLAN)
    dataset = read_dataset(tmp_path / "set")
    assert len(dataset.squares) == 8
    assert {s.split for s in dataset.squares} == {Split.TRAIN, Split.VALIDATION}
    for square in dataset.squares:
        mask = dataset.mask(square)
        assert mask is not None
        assert set(np.unique(mask)) <= {0, 1, 2, 3}
        assert square.labels is not None
        assert square.full_scale >= 4 * square.film_level
        assert np.log2(square.full_scale) % 1 == 0


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    write_dataset(tmp_path / "one", PLAN)
    write_dataset(tmp_path / "two", PLAN)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_grids_have_the_meshes_that_were_asked_for(tmp_path: Path) -> None:
    words = ["--grids", "3", "--squares-per-grid", "1", "--mesh", "hex200", "hex400"]
    assert run(parse(str(tmp_path / "set"), *words)) == 0
    pitches = {s.mesh_pitch_um for s in read_dataset(tmp_path / "set").squares}
    assert all(min(abs(pitch - 127), abs(pitch - 63)) < 1.5 for pitch in pitches if pitch)


def test_raters_change_labels_but_no_pixel_and_the_truth_is_kept(tmp_path: Path) -> None:
    write_dataset(tmp_path / "truth", PLAN)
    write_dataset(tmp_path / "rated", replace(PLAN, raters=2))
    plain, rated = contents(tmp_path / "truth"), contents(tmp_path / "rated")
    assert {n for n in plain if plain[n] != rated[n]} == {"squares.jsonl", "truth.jsonl"}
    known = {s.id: s.labels for s in read_dataset(tmp_path / "truth").squares}
    for line in rated["truth.jsonl"].decode().splitlines():
        facts = json.loads(line)
        labels = known[facts["id"]]
        assert labels is not None
        assert facts["labels"] == labels.model_dump()
        assert len(facts["ratings"]) == 2


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep", encoding="utf-8")
    with pytest.raises(OutputNotEmptyError, match="empty"):
        write_dataset(tmp_path, PLAN)
    assert contents(tmp_path) == {"mine.txt": b"keep"}


@pytest.mark.parametrize(
    "words", [("--grids", "0"), ("--squares-per-grid", "-3"), ("--seed", "-1"), ("--raters", "-1")]
)
def test_wrong_numbers_end_with_2_and_write_nothing(
    tmp_path: Path, words: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(parse(str(tmp_path / "out"), *words)) == 2
    assert words[0] in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_command_writes_what_was_asked(tmp_path: Path) -> None:
    assert run(parse(str(tmp_path / "out"), "--grids", "1", "--squares-per-grid", "3")) == 0
    assert len(read_dataset(tmp_path / "out").squares) == 3
