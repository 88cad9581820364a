"""Small crops, networks and data sets that the tests of this package share."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.blocks import ATTRIBUTES
from model.checkpoint import ModelCard
from model.config import AugmentConfig, FeatureConfig, NetworkConfig, RunConfig, TrainConfig
from model.dataset import (
    CONTAMINATION_BIT,
    CRACK_BIT,
    DatasetWriter,
    Header,
    Labels,
    Split,
    Square,
)
from model.preprocess import Crop, encode

SIZE_PX = 64
FILM = 100.0
FULL_SCALE = 512.0

TINY = NetworkConfig(
    size_px=SIZE_PX,
    reduction=1,
    primary=FeatureConfig(stem_channels=8, stem_kernel=5, channels=(8, 8)),
    attribute=FeatureConfig(stem_channels=8, stem_kernel=5, channels=(8, 8)),
    hidden=16,
    decoder_channels=4,
)
assert len(ATTRIBUTES) == 4


def tiny_run(**train: object) -> RunConfig:
    settings = {"epochs": 2, "steps_per_epoch": 3, "batch_size": 4, "augment": None} | train
    return RunConfig(network=TINY, train=TrainConfig.model_validate(settings))


def mild() -> AugmentConfig:
    return AugmentConfig(shift_px=2.0, blur_px=1.0)


def card(config: RunConfig) -> ModelCard:
    return ModelCard(
        name="tiny",
        sha256="0" * 64,
        config=config,
        data="made in a test",
        trained_squares=0,
        steps=0,
        training_time_s=0.0,
        hardware="any",
    )


def window(level: float = 1.0, side: float = 0.6, size_px: int = SIZE_PX) -> NDArray[np.float32]:
    """A bright square in the middle of dark bars, film units."""
    film = np.full((size_px, size_px), 0.01, np.float32)
    margin = round(size_px * (1 - side) / 2)
    film[margin : size_px - margin, margin : size_px - margin] = level
    return film


def crop(film: NDArray[np.float32]) -> Crop:
    return Crop(encode(film * FILM, FULL_SCALE), FULL_SCALE, FILM)


def write_squares(folder: Path, count: int = 12, *, size_px: int = SIZE_PX) -> None:
    """Squares of three grids: brighter windows score better; every third one has a tear."""
    rng = np.random.default_rng(3)
    header = Header(size_px=size_px, origin="made in a test", seed=3)
    with DatasetWriter(folder, header) as writer:
        for index in range(count):
            grid = f"g{index % 3}"
            level = float(rng.uniform(0.3, 1.0))
            film, mask = window(level, size_px=size_px), np.zeros((size_px, size_px), np.uint8)
            torn = index % 4 == 0
            if torn:
                film[28:40, 28:40], mask[28:40, 28:40] = 1.3, CRACK_BIT
            film[20:24, 20:24], mask[20:24, 20:24] = 0.05, CONTAMINATION_BIT
            square = Square(
                id=f"s{index:03d}",
                grid=grid,
                crop=f"crops/{grid}/s{index:03d}.png",
                full_scale=FULL_SCALE,
                film_level=FILM,
                mask=f"masks/{grid}/s{index:03d}.png",
                labels=Labels(
                    brightness=4 * level,
                    squareness=4,
                    cracking=3 if torn else 0,
                    contamination=1.5,
                    overall=(1 if torn else 4) * level,
                ),
                split=Split.VALIDATION if grid == "g2" else Split.TRAIN,
            )
            writer.add(square, crop(film).pixels, mask)
