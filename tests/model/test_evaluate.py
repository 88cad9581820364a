"""Evaluation: figures by grid, JSON and picture, and labels that cannot be read."""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import pytest

from model.checkpoint import save_checkpoint
from model.config import RunConfig
from model.evaluate import (
    EvaluationError,
    SquareLabel,
    evaluate_crops,
    read_label_places,
)
from model.evaluate_command import add_arguments, run
from model.evaluate_picture import draw_report, worst
from model.network import XCryoNet
from model.predict import Scorer
from tests.model.samples import TINY, card, crop, window, write_squares


@pytest.fixture
def scorer() -> Scorer:
    return Scorer(XCryoNet(TINY), card(RunConfig(network=TINY)))


def labels(count: int) -> list[SquareLabel]:
    return [
        SquareLabel(key=f"k{i}", grid=f"g{i % 2}", overall=i / 3, cracking=float(i > 7))
        for i in range(count)
    ]


def test_figures_are_given_for_all_and_for_each_grid(scorer: Scorer) -> None:
    crops = [crop(window(0.2 + i / 20)) for i in range(12)]
    report = evaluate_crops(scorer, crops, labels(12))
    assert set(report.figures) == {"all", "g0", "g1"}
    assert report.figures["all"]["overall"].count == 12
    assert report.figures["g0"]["overall"].count == 6
    assert "contamination" not in report.figures["all"]
    content = json.loads(report.as_json())
    assert content["model_id"] == scorer.model_id
    assert content["squares"][3]["label"]["overall"] == 1.0
    assert content["squares"][3]["sd"]["overall"] > 0


def test_squares_without_a_score_do_not_count_but_are_listed(scorer: Scorer) -> None:
    crops = [crop(window()), crop(window(0.3)), crop(window(0.5))]
    dark = crop(window() * 0)
    report = evaluate_crops(scorer, [*crops, dark], labels(4))
    assert report.figures["all"]["overall"].count == 3
    assert [s["status"] for s in json.loads(report.as_json())["squares"]][-1] == "out_of_domain"
    assert report.summary().endswith("4 squares: 3 scored, 1 out_of_domain")


def test_labelled_squares_that_were_not_found_are_named(scorer: Scorer) -> None:
    report = replace(evaluate_crops(scorer, [crop(window())], labels(1)), missing=("k7", "k8"))
    assert report.summary().endswith("1 squares: 1 scored, 2 not found")
    assert json.loads(report.as_json())["missing"] == ["k7", "k8"]


def test_the_picture_shows_the_worst_squares(scorer: Scorer, tmp_path: Path) -> None:
    crops = [crop(window(0.2 + i / 20)) for i in range(12)]
    report = evaluate_crops(scorer, crops, labels(12))
    errors = [
        abs((label.overall or 0) - (score.overall or 0))
        for label, score in zip(report.labels, report.scores, strict=True)
    ]
    assert worst(report)[0] == errors.index(max(errors))
    draw_report(tmp_path / "report.png", report)
    assert (tmp_path / "report.png").stat().st_size > 10_000


def test_a_picture_of_no_score_is_a_picture_all_the_same(scorer: Scorer, tmp_path: Path) -> None:
    report = evaluate_crops(scorer, [crop(window() * 0)], labels(1))
    draw_report(tmp_path / "report.png", report)
    assert (tmp_path / "report.png").stat().st_size > 1000


def test_labels_must_fit_the_crops(scorer: Scorer) -> None:
    with pytest.raises(EvaluationError, match="one label per crop"):
        evaluate_crops(scorer, [crop(window())], labels(2))


@pytest.mark.parametrize(
    ("text", "message"),
    [("{}", "expected a list"), ("[", "JSON"), ('[{"key": "a"}]', "row 0")],
)
def test_wrong_label_files_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "labels.json"
    path.write_text(text)
    with pytest.raises(EvaluationError, match=message):
        read_label_places(path)


def test_a_place_becomes_a_label_of_its_sample(tmp_path: Path) -> None:
    row = {
        "key": "S2-00", "sample": 2, "epu_node": 1, "tile": "Tile_1_0_1", "x_jpg_px": 1.0,
        "y_jpg_px": 2.0, "cracking": 0.5, "contamination": 1, "overall": 3, "rater_a": [1, 2],
    }  # fmt: skip
    path = tmp_path / "labels.json"
    path.write_text(json.dumps([row]))
    [place] = read_label_places(path)
    assert place.label().grid == "Sample2"
    assert place.label().value("cracking") == 0.5
    assert place.label().value("brightness") is None


def test_the_command_evaluates_a_data_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_squares(tmp_path / "data")
    config = RunConfig(network=TINY)
    save_checkpoint(tmp_path / "w.safetensors", XCryoNet(TINY), card(config))
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    weights, data = str(tmp_path / "w.safetensors"), str(tmp_path / "data")
    assert run(parser.parse_args([weights, "--data", data, "--device", "cpu"])) == 0
    assert "overall" in capsys.readouterr().out
    assert run(parser.parse_args([weights, "--data", str(tmp_path), "--device", "cpu"])) == 1
    assert "dataset.json" in capsys.readouterr().err
    for words, complaint in (
        (["--split", "test"], "expected labelled squares in split test, found none"),
        (["--picture", str(tmp_path / "no" / "such.png")], "expected a folder to write to"),
    ):
        assert run(parser.parse_args([weights, "--data", data, "--device", "cpu", *words])) == 1
        assert complaint in capsys.readouterr().err
