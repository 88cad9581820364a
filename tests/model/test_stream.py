"""The stream: labels and masks beside their pixels, and the same batches for the same seed."""

from pathlib import Path

import numpy as np
import pytest
import torch

from model.config import TrainConfig
from model.dataset import Split, read_dataset
from model.spread import Share
from model.stream import (
    Squares,
    choose_labelled,
    draw_order,
    load_squares,
    plain_batches,
    training_batches,
)
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


def test_processes_share_each_batch(squares: Squares) -> None:
    config = TrainConfig(batch_size=4, balance=0, augment=None)
    [whole, *_] = training_batches(squares, config, 0, 8)
    parts = [next(training_batches(squares, config, 0, 8, Share(rank, 2))) for rank in range(2)]
    assert [len(p.inputs) for p in parts] == [2, 2]
    assert torch.equal(parts[0].inputs, whole.inputs[0::2])
    assert torch.equal(parts[1].inputs, whole.inputs[1::2])


def test_rare_severities_are_drawn_more_often(squares: Squares) -> None:
    torn = squares.labels[:, 2] >= 1
    assert 0 < torn.mean() < 0.4
    drawn = draw_order(squares, 1.0, 4000, np.random.default_rng(0))
    assert 0.45 < torn[drawn].mean() < 0.55
    plain = draw_order(squares, 0.0, 800, np.random.default_rng(0))
    assert np.unique(plain, return_counts=True)[1].tolist() == [100] * 8


def test_reduced_squares_keep_their_masks_and_their_augmentation_in_proportion(
    tmp_path: Path,
) -> None:
    write_squares(tmp_path)
    squares = load_squares(read_dataset(tmp_path), Split.TRAIN, 2)
    config = TrainConfig(batch_size=8, augment=mild())
    [batch] = training_batches(squares, config, 0, 8)
    assert batch.inputs.shape == (8, 1, SIZE_PX // 2, SIZE_PX // 2)
    assert batch.masks.shape == (8, 2, 8, 8)
    assert mild().reduced(2).blur_px == 0.5
