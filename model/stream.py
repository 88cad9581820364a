"""Squares in memory, and the one stream of labelled and unlabelled batches drawn from them."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from model.attributes import brightness
from model.augment import add_lines, add_noise, bend_grey, draw_placement, find_flat
from model.config import AugmentConfig, TrainConfig
from model.dataset import CONTAMINATION_BIT, CRACK_BIT, Dataset, Split, Square
from model.preprocess import compress, reduce_pixels
from model.spread import Share

ALONE = Share()
_MASK_REDUCE = 4
_HAIRLINE = 2.0
_FINE = 256
"""Steps that the mean of several pixels has to one of theirs: scoring does not round it either."""


@dataclass(frozen=True)
class Batch:
    """Some squares; NaN = unknown.

    Attributes:
        inputs: (n, 1, size, size).
        pitches: of their grids' meshes, um, (n,).
        labels: (n, 5).
        masks: (n, 2, h, w).
    """

    inputs: Tensor
    pitches: Tensor
    labels: Tensor
    masks: Tensor

    def to(self, device: torch.device) -> "Batch":
        """Move to a device."""
        parts = (self.inputs, self.pitches, self.labels, self.masks)
        return Batch(*(part.to(device) for part in parts))


@dataclass(frozen=True)
class Squares:
    """Squares of one split, held in memory.

    Attributes:
        pixels: (n, size, size), coded in film units: `film = (v * step)^2`; uint8, or uint16 where
            they are means of several.
        masks: uint8 (n, size / 4, size / 4, 2), 255 where wholly under the defect.
        masked: (n,), whether the masks are known.
        steps: (n,), see pixels.
        pitches: (n,) um, NaN where unknown.
        labels: (n, 5), NaN where unlabelled.
        grids: (n,) grid names.
        reduction: crop pixels to one of these, along each axis.
    """

    pixels: NDArray[np.uint8] | NDArray[np.uint16]
    masks: NDArray[np.uint8]
    masked: NDArray[np.bool_]
    steps: NDArray[np.float32]
    pitches: NDArray[np.float32]
    labels: NDArray[np.float32]
    grids: tuple[str, ...]
    reduction: int = 1

    def __len__(self) -> int:
        """Count the squares."""
        return len(self.pixels)

    def some(self, chosen: NDArray[np.bool_]) -> "Squares":
        """Those that are chosen, (n,)."""
        return Squares(
            self.pixels[chosen],
            self.masks[chosen],
            self.masked[chosen],
            self.steps[chosen],
            self.pitches[chosen],
            self.labels[chosen],
            tuple(grid for grid, is_in in zip(self.grids, chosen, strict=True) if is_in),
            self.reduction,
        )


def load_squares(dataset: Dataset, split: Split, reduction: int = 1) -> Squares:
    """Read one split into memory, see `load_rows`."""
    return load_rows(dataset, [s for s in dataset.squares if s.split == split], reduction)


def load_rows(dataset: Dataset, rows: Sequence[Square], reduction: int) -> Squares:
    """Read squares into memory: 0.46 MB each at 640x640, a fifth of that reduced to 160x160.

    Args:
        dataset: where from.
        rows: which of its squares.
        reduction: of the network that is to see them, `NetworkConfig.reduction`.
    """
    size, small = dataset.header.size_px // reduction, dataset.header.size_px // _MASK_REDUCE
    fine, kind = (1, np.uint8) if reduction == 1 else (_FINE, np.uint16)
    pixels = np.zeros((len(rows), size, size), kind)
    masks = np.zeros((len(rows), small, small, 2), np.uint8)
    steps = np.zeros(len(rows), np.float32)
    for index, row in enumerate(tqdm(rows, desc="reading squares", leave=False)):
        coded = dataset.crop(row).pixels.astype(np.float32) * np.float32(fine)
        pixels[index] = np.rint(reduce_pixels(coded, reduction))
        steps[index] = np.sqrt(row.full_scale / row.film_level) / (255.0 * fine)
        mask = dataset.mask(row)
        if mask is not None:
            masks[index] = _reduced(mask, small)
    return Squares(
        pixels,
        masks,
        np.array([r.mask is not None for r in rows], np.bool_),
        steps,
        np.array([r.mesh_pitch_um or np.nan for r in rows], np.float32),
        np.array([_labels(r) for r in rows], np.float32).reshape(-1, 5),
        tuple(r.grid for r in rows),
        reduction,
    )


def choose_labelled(squares: Squares, config: TrainConfig) -> Squares:
    """Keep as many labelled and unlabelled squares as the run asks for, drawn by its seed."""
    rng = np.random.default_rng([config.seed, 0])
    known = np.asarray(np.isfinite(squares.labels).any(1), np.bool_)
    shuffled = rng.permutation(len(squares))
    labelled = np.array([i for i in shuffled if known[i]], np.int64)[: config.labelled]
    spare = np.setdiff1d(shuffled, labelled, assume_unique=True)
    spare = rng.permutation(spare)[: config.unlabelled]
    if not config.semi_supervised:
        spare = spare[:0]
    chosen = np.sort(np.concatenate([labelled, spare]))
    labels, masked = squares.labels.copy(), squares.masked.copy()
    labels[spare] = np.nan
    masked[spare] = False
    return Squares(
        squares.pixels[chosen] if len(chosen) < len(squares) else squares.pixels,
        squares.masks[chosen],
        masked[chosen],
        squares.steps[chosen],
        squares.pitches[chosen],
        labels[chosen],
        tuple(squares.grids[i] for i in chosen),
        squares.reduction,
    )


def training_batches(
    squares: Squares, config: TrainConfig, epoch: int, map_px: int, share: Share = ALONE
) -> Iterator[Batch]:
    """One epoch of augmented batches; a function of seed and epoch alone, so runs can resume.

    Args:
        squares: what to draw from.
        config: batch size, steps, augmentation.
        epoch: 0-based.
        map_px: side of the attention maps.
        share: of each batch, when several processes train together.
    """
    augment = None if config.augment is None else config.augment.reduced(squares.reduction)
    steps = config.steps_with(len(squares))
    rng = np.random.default_rng([config.seed, 1, epoch])
    order = draw_order(squares, config.balance, steps * config.batch_size, rng)
    order = order.reshape(steps, config.batch_size)[:, share.rank :: share.count]
    with ThreadPoolExecutor(max_workers=1) as pool:
        waiting: Future[Batch] | None = None
        for step, indices in enumerate(order):
            rng = np.random.default_rng([config.seed, 2, epoch, step, share.rank])
            coming = pool.submit(make_batch, squares, indices, map_px, augment, rng)
            if waiting is not None:
                yield waiting.result()
            waiting = coming
        if waiting is not None:
            yield waiting.result()


def draw_order(
    squares: Squares, balance: float, count: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw squares, rare severities of cracking more often; all in turn where there is no balance.

    Args:
        squares: what to draw from.
        balance: power of a severity's rarity, 0 to 1.
        count: how many to draw.
        rng: drawn from.
    """
    if balance == 0:
        return np.resize(rng.permutation(len(squares)), count)
    severity = squares.labels[:, 2]
    level = np.where(np.isfinite(severity), severity, -1.0).astype(np.int64)
    _, inverse, found = np.unique(level, return_inverse=True, return_counts=True)
    weight = found[inverse].astype(np.float64) ** -balance
    return rng.choice(len(squares), count, p=weight / weight.sum())


def plain_batches(squares: Squares, batch_size: int, map_px: int) -> Iterator[Batch]:
    """All squares in order, as they are."""
    rng = np.random.default_rng(0)
    for start in range(0, len(squares), batch_size):
        indices = np.arange(start, min(start + batch_size, len(squares)))
        yield make_batch(squares, indices, map_px, None, rng)


def make_batch(
    squares: Squares,
    indices: NDArray[np.int64],
    map_px: int,
    augment: AugmentConfig | None,
    rng: np.random.Generator,
) -> Batch:
    """Put squares together, each with its own draw of the augmentation."""
    made = [_make_one(squares, int(i), map_px, augment, rng) for i in indices]
    return Batch(
        torch.from_numpy(np.stack([m[0] for m in made])[:, None]),
        torch.from_numpy(_draw_pitches(squares.pitches[indices], augment, rng)),
        torch.from_numpy(np.stack([m[1] for m in made])),
        torch.from_numpy(np.stack([m[2] for m in made])),
    )


def _make_one(
    squares: Squares,
    index: int,
    map_px: int,
    augment: AugmentConfig | None,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    pixels, masks = squares.pixels[index], squares.masks[index]
    labels = squares.labels[index].copy()
    if augment is not None:
        placement = draw_placement(augment, pixels.shape[0], rng)
        pixels, masks = placement.apply(pixels), placement.apply(masks)
        placement.cut(masks)
    film = (pixels.astype(np.float32) * squares.steps[index]) ** 2
    if augment is not None:
        before = brightness(film)
        film = bend_grey(film, augment, rng)
        labels[0] = _rescaled(labels[0], before, brightness(film))
        film = add_noise(add_lines(film, augment, rng), find_flat(pixels), augment, rng)
        placement.cut(film)
        if placement.rims:
            labels[1] = np.nan  # how square a window is, its other half would say
    return compress(film), labels, _map_truth(masks, map_px, known=bool(squares.masked[index]))


def _draw_pitches(
    pitches: NDArray[np.float32], augment: AugmentConfig | None, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Pitches (n,) as an atlas would tell them: a little off, or not at all."""
    if augment is None:
        return pitches
    off = 1.0 + rng.uniform(-1, 1, len(pitches)) * augment.pitch
    unknown = rng.random(len(pitches)) < augment.no_pitch
    return np.where(unknown, np.nan, pitches * off).astype(np.float32)


def _rescaled(label: np.float32, before: float, after: float) -> np.float32:
    """Brightness of bent pixels: the label times what the bending did to these (reduced) ones."""
    return np.float32(min(float(label) * after / before, 4.0)) if before > 0 else label


def _map_truth(masks: NDArray[np.uint8], map_px: int, *, known: bool) -> NDArray[np.float32]:
    """Share of each map cell under the defect, (2, map, map); a hairline counts for more."""
    if not known:
        return np.full((2, map_px, map_px), np.nan, np.float32)
    small = cv2.resize(masks, (map_px, map_px), interpolation=cv2.INTER_AREA)
    share = np.minimum(small.astype(np.float32) * (_HAIRLINE / 255.0), 1.0)
    return np.ascontiguousarray(share.transpose(2, 0, 1))


def _reduced(mask: NDArray[np.uint8], small: int) -> NDArray[np.uint8]:
    bits = np.stack([(mask & CRACK_BIT) > 0, (mask & CONTAMINATION_BIT) > 0], axis=2)
    full = bits.astype(np.uint8) * np.uint8(255)
    return np.asarray(cv2.resize(full, (small, small), interpolation=cv2.INTER_AREA), np.uint8)


def _labels(row: Square) -> list[float]:
    if row.labels is None:
        return [float("nan")] * 5
    truth = row.labels
    scores = (
        truth.brightness,
        truth.squareness,
        truth.cracking,
        truth.contamination,
        truth.overall,
    )
    return [float("nan") if score is None else score for score in scores]
