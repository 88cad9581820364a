"""The stream: labels and masks beside their pixels, and the same batches for the same seed."""

from pathlib import Path

import numpy as np
import pytest
import torch

from model.config import TrainConfig
from model.dataset import Split, read_dataset
from model.stream import Squares, choose_labelled, load_squares, plain_batches, training_batches
from tests.model.samples import SIZE_PX, mild, write_squares


@pytest.fixture
def squares(tmp_path: Path) -> Squares:
    write_squares(tmp_path)
    return load_squares(read_dataset(tmp_path), Split.TRAIN)


def test_a_split_is_loaded_with_labels_and_masks(squares: Squares) -> None:
    [batch] = plain_batches(squares, 8, 8)
    assert batch.inputs.shape == (8, 1, SIZE_PX, SIZE_PX)
    assert batch.masks.shape == (8, 2, 8, 8)
    assert float(batch.masks[0, 0].max()) == 1.0  # the first square is torn
    assert float(batch.masks[1, 0].max()) == 0.0
    np.testing.assert_allclose(batch.labels[:, 1], 4.0)


def test_some_squares_lose_their_labels_and_masks(squares: Squares) -> None:
    chosen = choose_labelled(squares, TrainConfig(labelled=3, unlabelled=2))
    known = np.isfinite(chosen.labels).all(1)
    assert len(chosen) == 5
    assert known.sum() == 3
    np.testing.assert_array_equal(chosen.masked, known)


def test_full_supervision_uses_no_unlabelled_square(squares: Squares) -> None:
    chosen = choose_labelled(squares, TrainConfig(labelled=3, semi_supervised=False))
    assert len(chosen) == 3


def test_an_epoch_is_a_function_of_seed_and_epoch(squares: Squares) -> None:
    config = TrainConfig(batch_size=4, augment=mild())
    first, again, other = (
        [b.inputs for b in training_batches(squares, config, epoch, 8)] for epoch in (0, 0, 1)
    )
    assert len(first) == 2
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0], other[0])


def test_brightness_follows_the_bent_pixels(squares: Squares) -> None:
    dark = mild().model_copy(update={"film_level": 0.5})
    config = TrainConfig(batch_size=8, augment=dark)
    [batch] = training_batches(squares, config, 0, 8)
    [plain] = plain_batches(squares, 8, 8)
    assert (
        float((batch.labels[:, 0].sort().values - plain.labels[:, 0].sort().values).abs().max())
        > 0.1
    )
    assert float(batch.labels[:, 0].max()) <= 4.0
