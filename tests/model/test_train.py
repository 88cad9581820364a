"""Training: it learns, it goes on after a stop as if there had been none, it refuses a mix-up."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from model.checkpoint import CheckpointError, card_path, load_checkpoint, read_card
from model.dataset import LIST_FILE, Dataset, DatasetError, Split, read_dataset
from model.predict import DEFAULT_WEIGHTS
from model.runstate import STATE_FILE
from model.spread import Share
from model.train import CURVES_FILE, HISTORY_FILE, Surroundings, TrainError, train
from model.train_command import add_arguments, build_config, run
from tests.model.samples import TINY, mild, tiny_run, write_squares


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    write_squares(tmp_path / "data")
    return read_dataset(tmp_path / "data")


def test_training_on_a_few_squares_lowers_the_losses(dataset: Dataset, tmp_path: Path) -> None:
    config = tiny_run(epochs=6, steps_per_epoch=8, learning_rate=5e-3)
    result = train(dataset, tmp_path / "out", config)
    first, last = result.history[0], result.history[-1]
    assert last.primary < 0.6 * first.primary
    assert result.card.config == config
    assert "12" not in result.card.data  # four of the twelve squares are held out
    assert result.card.trained_squares == 8
    assert (tmp_path / "out" / CURVES_FILE).stat().st_size > 1000
    network, card = load_checkpoint(result.weights)
    assert card.metrics["validation/overall/mae"] >= 0
    assert all(torch.isfinite(p).all() for p in network.parameters())


def test_squares_that_have_some_labels_are_trained_and_judged_on_these(
    dataset: Dataset, tmp_path: Path
) -> None:
    first = train(dataset, tmp_path / "first", tiny_run(epochs=1))
    path = dataset.folder / LIST_FILE
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for number, line in enumerate(lines):
        kept = ("overall",) if number % 2 else ("overall", "brightness")
        line["labels"] = {name: line["labels"][name] for name in kept}
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))

    around = Surroundings(start=first.weights)
    result = train(read_dataset(dataset.folder), tmp_path / "out", tiny_run(), around=around)

    assert "8 labelled" in result.card.data
    judged = {name.split("/")[1] for name in result.card.metrics if name.endswith("/mae")}
    assert judged == {"brightness", "overall"}
    assert result.card.sd_scale[1:4] == first.card.sd_scale[1:4]  # nothing was learnt of these
    assert result.card.sd_scale[4] != first.card.sd_scale[4]


class StoppedError(Exception):
    """The run is stopped, as a power cut would."""


def test_a_run_that_was_stopped_ends_as_if_it_had_not_been(
    dataset: Dataset, tmp_path: Path
) -> None:
    config = tiny_run(epochs=3, augment=mild())
    whole = train(dataset, tmp_path / "whole", config)

    def stop_after_two(epoch: int) -> None:
        if epoch == 1:
            raise StoppedError

    with pytest.raises(StoppedError):
        train(dataset, tmp_path / "parts", config, on_epoch=stop_after_two)
    parts = train(dataset, tmp_path / "parts", config)
    assert [e.validation_mae for e in parts.history] == [e.validation_mae for e in whole.history]
    assert parts.card.sha256 == whole.card.sha256


def test_a_folder_of_another_run_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    train(dataset, tmp_path / "out", tiny_run(epochs=1))
    with pytest.raises(CheckpointError, match=r"train\.seed: expected 7, found 0"):
        train(dataset, tmp_path / "out", tiny_run(epochs=1, seed=7))
    write_squares(tmp_path / "more", 15)
    with pytest.raises(CheckpointError, match="data: expected"):
        train(read_dataset(tmp_path / "more"), tmp_path / "out", tiny_run(epochs=1))


@pytest.mark.parametrize(
    ("name", "damage", "complaint"),
    [
        (STATE_FILE, lambda data: data[:100], "expected this run's state"),
        (HISTORY_FILE, lambda data: data[:40], "expected an epoch's figures a line"),
        (HISTORY_FILE, lambda _: b"", "expected 2 epochs, found 0"),
    ],
)
def test_a_damaged_run_is_not_gone_on_with(
    dataset: Dataset, tmp_path: Path, name: str, damage: Callable[[bytes], bytes], complaint: str
) -> None:
    out = tmp_path / "out"
    train(dataset, out, tiny_run(epochs=2))
    (out / name).write_bytes(damage((out / name).read_bytes()))
    with pytest.raises(CheckpointError, match=f"{name}: {complaint}"):
        train(dataset, out, tiny_run(epochs=2))


def test_what_could_only_fail_later_is_refused_at_once(dataset: Dataset, tmp_path: Path) -> None:
    small = tiny_run().model_copy(update={"network": TINY.model_copy(update={"size_px": 128})})
    with pytest.raises(DatasetError, match=r"dataset\.json: size_px: expected 128 .* found 64"):
        train(dataset, tmp_path / "out", small)
    for split in (Split.TRAIN, Split.VALIDATION):
        rows = tuple(
            s.model_copy(update={"labels": None}) if s.split == split else s
            for s in dataset.squares
        )
        bare = Dataset(dataset.folder, dataset.header, rows)
        with pytest.raises(DatasetError, match=f"labelled squares in split {split}, found none"):
            train(bare, tmp_path / "out", tiny_run())
    with pytest.raises(TrainError, match="a multiple of 3 processes, found 4"):
        train(dataset, tmp_path / "out", tiny_run(), around=Surroundings(share=Share(0, 3)))
    assert not (tmp_path / "out").exists()


def test_a_loss_that_is_no_number_ends_the_run(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(TrainError, match="epoch 1: expected finite losses"):
        train(dataset, tmp_path / "out", tiny_run(learning_rate=1e30))


def test_training_goes_on_from_weights_of_the_same_network_alone(
    dataset: Dataset, tmp_path: Path
) -> None:
    first = train(dataset, tmp_path / "first", tiny_run(epochs=1))
    around = Surroundings(start=first.weights)
    still = tiny_run(epochs=1, learning_rate=1e-12, ema_decay=0)
    second = train(dataset, tmp_path / "second", still, around=around)
    assert first.card.model_id in second.card.data
    before, after = (load_checkpoint(r.weights)[0].state_dict() for r in (first, second))
    assert torch.allclose(before["primary.stem.conv.weight"], after["primary.stem.conv.weight"])
    other = still.model_copy(update={"network": TINY.model_copy(update={"hidden": 8})})
    with pytest.raises(CheckpointError, match="this very network"):
        train(dataset, tmp_path / "third", other, around=around)


def test_training_ends_early_when_nothing_improves(dataset: Dataset, tmp_path: Path) -> None:
    config = tiny_run(epochs=30, patience=2, learning_rate=1e-12)
    result = train(dataset, tmp_path / "out", config)
    assert len(result.history) < 30


def test_the_command_trains_and_prints_its_card(
    dataset: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "settings.json"
    settings.write_text(tiny_run(epochs=1).model_dump_json())
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    places = [str(dataset.folder), str(tmp_path / "out"), "--config", str(settings)]
    args = parser.parse_args([*places, "--json", "--seed", "3", "--device", "cpu", "--supervised"])
    assert run(args) == 0
    card = json.loads(capsys.readouterr().out)
    assert card["config"]["train"]["seed"] == 3
    assert card["config"]["train"]["semi_supervised"] is False


def test_the_command_names_a_missing_data_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert run(parser.parse_args([str(tmp_path / "none"), str(tmp_path / "out")])) == 1
    assert "dataset.json" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["--patience", "0"],
        ["--labelled", "-3"],
        ["--steps", "0"],
        ["--seed", "-3"],
        ["--learning-rate", "0"],
    ],
)
def test_numbers_that_make_no_sense_are_refused(
    dataset: Dataset, tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert run(parser.parse_args([str(dataset.folder), str(tmp_path / "out"), *words])) == 1
    assert "should be greater than" in capsys.readouterr().err


def test_a_gpu_that_is_not_there_is_named(
    dataset: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    places = [str(dataset.folder), str(tmp_path / "out")]
    assert run(parser.parse_args([*places, "--device", "cuda"])) == 1
    assert "expected a CUDA GPU, found none" in capsys.readouterr().err


def test_training_can_go_on_from_the_weights_that_ship() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    args = parser.parse_args(["a", "b", "--start", "--learning-rate", "0.0003"])
    config = build_config(args)
    assert args.start == DEFAULT_WEIGHTS
    assert config.network == read_card(card_path(DEFAULT_WEIGHTS)).config.network
    assert config.train.learning_rate == 0.0003


def test_the_papers_network_and_baselines_are_arguments() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    args = parser.parse_args(["a", "b", "--network", "paper", "--primary-only", "--labelled", "9"])
    config = build_config(args)
    assert not config.network.attention
    assert not config.network.uncertainty
    assert config.train.labelled == 9
