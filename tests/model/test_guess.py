"""Self-training: guesses stand in for missing labels, and only for those, only when it is time."""

from pathlib import Path

import numpy as np
import pytest
import torch

from model.config import TrainConfig
from model.dataset import Split, read_dataset
from model.guess import guess_labels
from model.network import XCryoNet
from model.stream import Squares, choose_labelled, load_squares, plain_batches, training_batches
from tests.model.samples import TINY, mild, write_squares

CONFIG = TrainConfig(labelled=3, epochs=10, batch_size=4, self_training=0.5, augment=mild())


@pytest.fixture
def network() -> XCryoNet:
    torch.manual_seed(0)
    return XCryoNet(TINY).train()


@pytest.fixture
def squares(tmp_path: Path) -> Squares:
    write_squares(tmp_path)
    return choose_labelled(load_squares(read_dataset(tmp_path), Split.TRAIN), CONFIG)


def test_a_networks_own_scores_stand_in_for_missing_labels(
    network: XCryoNet, squares: Squares
) -> None:
    guessed = guess_labels(network, squares, CONFIG, 5)
    [batch] = plain_batches(guessed, 8, 8)
    known = torch.isfinite(batch.labels).all(1)
    assert int(known.sum()) == 3
    assert torch.equal(batch.targets[known], batch.labels[known])
    with torch.inference_mode():
        scores = network.eval()(batch.inputs, batch.pitches).final.stacked().clamp(0, 4)
    torch.testing.assert_close(batch.targets[~known], scores[~known])
    assert not torch.isfinite(batch.masks[~known]).any()


def test_the_networks_mode_is_as_before(network: XCryoNet, squares: Squares) -> None:
    guess_labels(network, squares, CONFIG, 5)
    assert network.training


def test_there_are_no_guesses_before_their_time_or_where_nothing_is_missing(
    network: XCryoNet, squares: Squares
) -> None:
    assert guess_labels(network, squares, CONFIG, 4).guesses is None
    never = CONFIG.model_copy(update={"self_training": None})
    assert guess_labels(network, squares, never, 9).guesses is None
    told = squares.some(np.asarray(np.isfinite(squares.labels).all(1), np.bool_))
    assert guess_labels(network, told, CONFIG, 9).guesses is None


def test_a_guessed_brightness_follows_the_augmentation(network: XCryoNet, squares: Squares) -> None:
    guessed = guess_labels(network, squares, CONFIG, 5)
    for plain, bent in zip(
        plain_batches(guessed, 8, 8), training_batches(guessed, CONFIG, 5, 8), strict=False
    ):
        assert torch.isfinite(bent.targets).all()
        assert set(bent.targets[:, 4].tolist()) <= set(plain.targets[:, 4].tolist())
        assert not set(bent.targets[:, 0].tolist()) <= set(plain.targets[:, 0].tolist())
