"""Score squares: the one door of this package for the worker and the command line."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.blocks import fuse_norms
from model.checkpoint import ModelCard, load_checkpoint
from model.device import find_device
from model.domain import why_not_a_square
from model.looks import look_around
from model.network import XCryoNet
from model.preprocess import Crop, CropError, check_crop, film_units, network_input
from model.reason import Findings, describe, measure_window

log = logging.getLogger(__name__)

DEFAULT_WEIGHTS = Path(__file__).parent / "weights" / "default.safetensors"
CHUNK = 8
"""Most squares in one forward pass: more gains nothing on a CPU and little on a GPU."""

MAP_CELL_PX = 8
"""Crop pixels to a cell of the maps that are given out: 80x80 cells."""


class Status(StrEnum):
    """What became of a square."""

    SCORED = "scored"
    FAILED = "failed"
    OUT_OF_DOMAIN = "out_of_domain"


@dataclass(frozen=True, eq=False)
class SquareScore:
    """What the network says of one square; scores are None unless `status` is scored.

    Scores are 0-4: overall 4 = best, cracking and contamination are severities. Deviations are
    one standard deviation, None where the network does not give any. Maps are uint8 (h, w),
    255 = full attention, upright like the crop, None without attention branches.
    """

    status: Status
    reason: str
    brightness: float | None = None
    squareness: float | None = None
    cracking: float | None = None
    contamination: float | None = None
    overall: float | None = None
    brightness_sd: float | None = None
    squareness_sd: float | None = None
    cracking_sd: float | None = None
    contamination_sd: float | None = None
    overall_sd: float | None = None
    attention_cracking: NDArray[np.uint8] | None = None
    attention_contamination: NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class _Raw:
    """A forward pass on the CPU: scores (n, 5), deviations (n, 5) or None, maps (n, 2, h, w)."""

    scores: NDArray[np.float32]
    deviations: NDArray[np.float32] | None
    maps: NDArray[np.float32] | None


class Scorer:
    """A network with its card, ready to score. The same crop gives the same score in any batch."""

    def __init__(
        self,
        network: XCryoNet,
        card: ModelCard,
        device: str = "cpu",
    ) -> None:
        self.card = card
        self.device = torch.device(device)
        self._size_px = network.config.size_px
        self._reduction = network.config.reduction
        self._network = network.eval()
        fuse_norms(self._network)
        self._network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # stub
        self._network.to(self.device)

    @classmethod
    def load(cls, weights: Path | None = None, device: str = "auto") -> Self:
        """Load weights, the ones that ship when none are named.

        Args:
            weights: a `.safetensors` file with its card beside it.
            device: `cpu`, `cuda`, or `auto` for CUDA where there is one.

        Weights that are missing or cannot be trusted, and CUDA where there is none, are a
        `CheckpointError`.
        """
        found = find_device(device)
        path = DEFAULT_WEIGHTS if weights is None else weights
        network, card = load_checkpoint(path)
        return cls(network, card, found)

    @property
    def model_id(self) -> str:
        """Short hash of the weights."""
        return self.card.model_id

    def score(self, crops: Sequence[Crop]) -> list[SquareScore]:
        """Score squares; a crop that cannot be scored says why and gets no numbers.

        Args:
            crops: any number, none included.

        Returns:
            One score per crop, in order.
        """
        results: list[SquareScore | None] = [self._refuse(crop) for crop in crops]
        good = [i for i, refused in enumerate(results) if refused is None]
        for start in range(0, len(good), CHUNK):
            chunk = good[start : start + CHUNK]
            raw = self._look([crops[i] for i in chunk])
            for row, index in enumerate(chunk):
                results[index] = self._finish(crops[index], raw, row)
        return [r for r in results if r is not None]

    def _refuse(self, crop: Crop) -> SquareScore | None:
        try:
            check_crop(crop, self._size_px)
        except CropError as error:
            return SquareScore(Status.FAILED, str(error))
        reason = why_not_a_square(film_units(crop), crop.mesh_pitch_um)
        return None if reason is None else SquareScore(Status.OUT_OF_DOMAIN, reason)

    def _look(self, crops: Sequence[Crop]) -> _Raw:
        seen = [network_input(crop, self._size_px, self._reduction) for crop in crops]
        pitches = torch.tensor([crop.mesh_pitch_um or np.nan for crop in crops])
        return self._forward(torch.from_numpy(np.stack(seen)[:, None]), pitches)

    def _forward(self, inputs: Tensor, pitches: Tensor) -> _Raw:
        """Run the network; a full GPU gets half the squares at a time."""
        parts = list(self._run(inputs, pitches))
        return _Raw(
            np.concatenate([p.scores for p in parts]),
            _join([p.deviations for p in parts]),
            _join([p.maps for p in parts]),
        )

    def _run(self, inputs: Tensor, pitches: Tensor) -> Iterator[_Raw]:
        try:
            raw = self._pass(inputs, pitches)
        except torch.cuda.OutOfMemoryError:
            raw = None  # tried again outside, where the error no longer holds the failed tensors
        if raw is not None:
            yield raw
        elif len(inputs) == 1:
            log.warning("GPU is full: one square is scored on the CPU")
            with self._on_cpu():
                yield self._pass(inputs, pitches)
        else:
            half = len(inputs) // 2
            yield from self._run(inputs[:half], pitches[:half])
            yield from self._run(inputs[half:], pitches[half:])

    @contextmanager
    def _on_cpu(self) -> Iterator[None]:
        device, self.device = self.device, torch.device("cpu")
        self._network.to(self.device)
        try:
            yield
        finally:
            self.device = device
            self._network.to(device)

    @torch.inference_mode()
    def _pass(self, inputs: Tensor, pitches: Tensor) -> _Raw:
        """Look at squares, with maps of one size whatever the network: a cell for 8x8 pixels."""
        device = self.device
        side = self._size_px // MAP_CELL_PX
        looks = look_around(self._network, inputs.to(device), pitches.to(device), side)
        deviations = None
        if looks.deviations is not None:
            scale = torch.tensor(self.card.sd_scale, device=device)
            deviations = _numpy(looks.deviations * scale)
        maps = None if looks.maps is None else _numpy(looks.maps)
        return _Raw(_numpy(looks.scores), deviations, maps)

    def _finish(self, crop: Crop, raw: _Raw, row: int) -> SquareScore:
        brightness, squareness, cracking, contamination, overall = map(float, raw.scores[row])
        if not np.isfinite(raw.scores[row]).all():
            return SquareScore(Status.FAILED, "the network gave no finite score")
        found = Findings(brightness, squareness, cracking, contamination, overall)
        if raw.maps is not None:
            cracks, dirt = raw.maps[row]
            found = replace(found, window=measure_window(cracks, dirt, film_units(crop)))
        score = SquareScore(
            Status.SCORED,
            describe(found),
            brightness,
            squareness,
            cracking,
            contamination,
            overall,
        )
        if raw.deviations is not None:
            sds = [float(v) for v in raw.deviations[row]]
            score = replace(
                score,
                brightness_sd=sds[0],
                squareness_sd=sds[1],
                cracking_sd=sds[2],
                contamination_sd=sds[3],
                overall_sd=sds[4],
            )
        if raw.maps is not None:
            coded = np.rint(raw.maps[row] * 255.0).astype(np.uint8)
            score = replace(score, attention_cracking=coded[0], attention_contamination=coded[1])
        return score


def _numpy(tensor: Tensor) -> NDArray[np.float32]:
    return np.asarray(tensor.float().cpu().numpy(), np.float32)


def _join(parts: list[NDArray[np.float32] | None]) -> NDArray[np.float32] | None:
    present = [p for p in parts if p is not None]
    return np.concatenate(present) if present else None
