"""Table 1: the paper's methods, held out by grid or square, and no claim to a size it has not."""

import argparse
import json
from pathlib import Path

import numpy as np
import pytest

from model.config import NetworkConfig, TrainConfig, paper_network
from model.dataset import read_dataset
from model.stream import Squares, load_rows
from model.table1 import PAPER, Plan, Recipe, SplitBy, held_out, run_config
from model.table1_command import add_arguments, run
from tests.model.samples import write_squares


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_squares(tmp_path / "data", 18)
    return tmp_path / "data"


def table(folder: Path, *words: str) -> int:
    parser = argparse.ArgumentParser()
    parser.set_defaults(device="auto", json=False)  # as the command above has them
    add_arguments(parser)
    sizes = ["--labelled", "4", "--unlabelled", "4", "--runs", "2", "--epochs", "1"]
    return run(parser.parse_args([str(folder), *sizes, "--device", "cpu", *words]))


@pytest.fixture
def squares(folder: Path) -> Squares:
    dataset = read_dataset(folder)
    return load_rows(dataset, dataset.squares, 1)


def test_a_held_out_grid_is_held_out_whole(squares: Squares) -> None:
    held = held_out(squares, SplitBy.GRID, np.random.default_rng(0))
    inside = {g for g, is_held in zip(squares.grids, held, strict=True) if is_held}
    outside = {g for g, is_held in zip(squares.grids, held, strict=True) if not is_held}
    assert len(inside) == 1
    assert not inside & outside


def test_as_in_the_paper_single_squares_can_be_held_out(squares: Squares) -> None:
    held = held_out(squares, SplitBy.SQUARE, np.random.default_rng(0))
    assert held.sum() == 3


def test_the_plan_knows_the_papers_lines_in_its_order() -> None:
    assert Plan().methods() == list(PAPER)
    assert Plan(labelled=(7,)).methods()[0].paper is None
    assert Plan(split=SplitBy.SQUARE).is_papers
    assert not Plan(epochs=3).is_papers


def test_a_reduced_table_says_so_and_stands_beside_the_papers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, large = tmp_path / "table.md", tmp_path / "large"
    write_squares(large, 156)
    assert table(large, "--labelled", "100", "--unlabelled", "9", "--out", str(out)) == 0
    text = capsys.readouterr().out
    assert text == out.read_text()
    assert "REDUCED: 4 unlabelled (paper 1500), 2 runs (4), 1 epochs (75)" in text
    [line] = [row for row in text.splitlines() if row.startswith("| XCryoNet | SS")]
    assert line.count("±") == 5
    assert "| 100 | 4 |" in line  # 104 squares beside the grid held out: nine are not there
    assert "(0.91)" in line
    assert "(1.38)" in line


def test_every_runs_errors_are_there_for_a_program(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert table(folder, "--json", "--split", "square") == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(r["method"], r["supervision"]) for r in rows] == [
        ("Primary", "SS"),
        ("Primary", "FS"),
        ("XCryoNet", "SS"),
        ("XCryoNet", "FS"),
    ]
    assert all(len(r["mae"]["overall"]) == 2 for r in rows)


def test_a_table_that_was_stopped_repeats_no_run(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "runs.jsonl"
    assert table(folder, "--json") == 0
    whole = capsys.readouterr().out
    assert table(folder, "--json", "--runs", "1", "--runs-file", str(kept)) == 0
    first = kept.read_text()
    assert len(first.splitlines()) == 4
    kept.write_text(first.replace("Primary SS", "of before") + '{"key":"cut sho')
    capsys.readouterr()

    assert table(folder, "--json", "--runs-file", str(kept)) == 0

    assert capsys.readouterr().out == whole
    lines = kept.read_text().splitlines()
    assert len(lines) == 8
    assert sum("of before" in line for line in lines) == 1


@pytest.mark.parametrize("words", [["--epochs", "2"], ["--split", "square"], ["--seed", "5"]])
def test_runs_of_another_table_are_not_taken_for_this_ones(
    folder: Path, tmp_path: Path, words: list[str]
) -> None:
    kept = tmp_path / "runs.jsonl"
    assert table(folder, "--runs", "1", "--runs-file", str(kept)) == 0
    assert table(folder, "--runs", "1", "--runs-file", str(kept), *words) == 0
    assert len(kept.read_text().splitlines()) == 8


@pytest.mark.parametrize(("text", "where"), [("a table\n", "line 1"), ("a table", "last line")])
def test_a_file_of_runs_that_is_none_says_where(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, where: str
) -> None:
    kept = tmp_path / "runs.jsonl"
    kept.write_text(text)
    assert table(folder, "--runs-file", str(kept)) == 1
    assert f"runs.jsonl, {where}: expected a run" in capsys.readouterr().err
    assert kept.read_text() == text


def test_a_missing_data_set_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert table(tmp_path / "none") == 1
    assert "dataset.json" in capsys.readouterr().err


def test_a_table_that_could_not_be_written_is_not_begun(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for out in (tmp_path, tmp_path / "no" / "table.md"):
        assert table(folder, "--out", str(out)) == 1
        assert "to write to, found" in capsys.readouterr().err


def test_labels_and_grids_that_are_not_there_are_not_claimed(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert table(folder, "--labelled", "100") == 1
    assert "expected 100 squares to train on beside those held out, found 12" in (
        capsys.readouterr().err
    )
    write_squares(tmp_path / "one", 1)
    assert table(tmp_path / "one") == 1
    assert "labelled squares of 2 grids or more, found 1" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--reduction", "0"], ["--runs", "0"], ["--seed", "-1"]])
def test_numbers_that_make_no_sense_are_wrong_use(folder: Path, words: list[str]) -> None:
    with pytest.raises(SystemExit):
        table(folder, *words)


def test_the_papers_recipe_adds_nothing_and_the_defaults_is_what_train_makes() -> None:
    method = PAPER[2]
    papers = run_config(Plan(), method, 0, 640)
    assert papers.network == paper_network()
    assert papers.train.augment is None
    assert papers.train.mask_weight == 0
    default = run_config(Plan(recipe=Recipe.DEFAULT, reduction=4), method, 0, 640)
    assert default.network == NetworkConfig()
    assert default.train.augment == TrainConfig().augment
    assert default.train.labelled == method.labelled
