"""What shapes a network and its training; travels in the checkpoint."""

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from model.preprocess import CROP_SIZE_PX

ADDED_LATER = ("both_heads", "measured_input")
"""Switches of the network that cards of older weights do not name."""


class Config(BaseModel):
    """A frozen part of a configuration; an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Pooling(StrEnum):
    """A statistic of a feature map over its area."""

    MEAN = "mean"
    MAX = "max"
    STD = "std"


class FeatureConfig(Config):
    """A feature network: one convolution and two ResBlocks (paper, section 2, primary branch)."""

    stem_channels: int = Field(gt=0)
    stem_kernel: int = Field(default=7, gt=0)
    stem_stride: int = Field(default=4, gt=0)
    channels: tuple[int, int] = Field(description="after the first and the second ResBlock")
    strides: tuple[int, int] = (2, 1)
    dilations: tuple[tuple[int, ...], tuple[int, ...]] = Field(
        default=((1,), (1,)), description="of the residual units within each ResBlock"
    )
    context: bool = Field(
        default=False,
        description="between the ResBlocks each place learns of the whole crop's statistics and of"
        " its distance from the middle",
    )

    @field_validator("stem_kernel")
    @classmethod
    def _has_a_middle(cls, kernel: int) -> int:
        if kernel % 2 == 0:
            raise ValueError(f"expected an odd number, found {kernel}")
        return kernel

    @property
    def stride(self) -> int:
        """Crop pixels per feature pixel."""
        return self.stem_stride * self.strides[0] * self.strides[1]


class NetworkConfig(Config):
    """XCryoNet; the defaults are the slim network that ships, `paper_network` is the paper's."""

    size_px: int = Field(default=CROP_SIZE_PX, gt=0, description="side of a crop")
    reduction: int = Field(
        default=4, gt=0, description="crop pixels along each axis averaged to one of the input"
    )
    primary: FeatureConfig = FeatureConfig(
        stem_channels=16,
        stem_kernel=5,
        stem_stride=2,
        channels=(32, 48),
        dilations=((1,), (1, 2, 4)),
        context=True,
    )
    attribute: FeatureConfig = FeatureConfig(
        stem_channels=8, stem_kernel=5, stem_stride=2, channels=(12, 16)
    )
    attention: bool = Field(default=True, description="False: the primary branch alone")
    pooling: tuple[Pooling, ...] = (Pooling.MEAN, Pooling.MAX, Pooling.STD)
    hidden: int = Field(default=64, gt=0, description="width of the fully connected layers")
    decoder_channels: int = Field(default=8, gt=1)
    dark_contamination: bool = Field(
        default=True,
        description="contamination is weighted as darkness (1 - image): a dark defect times its map"
        " would be as dark as what the map hides",
    )
    share_pooling: bool = Field(
        default=True, description="heads also see the share of the crop that each map marks"
    )
    pitch_input: bool = Field(
        default=True,
        description="heads are told the grid's mesh pitch: how much of its opening a window fills"
        " cannot be told from the window alone",
    )
    brightness_input: bool = Field(
        default=True,
        description="heads are told the crop's brightness as the paper computes it: it need not be"
        " learnt again",
    )
    measured_input: bool = Field(
        default=True,
        description="heads are told what can be measured in the window without having learnt it:"
        " shares of it that are dark or bright, its size, shape and roughness",
    )
    own_contrast: bool = Field(
        default=True,
        description="the primary branch also sees the crop scaled to its own brightest part, as a"
        " rater does: dirt and tears in dim windows",
    )
    overall_sees_features: bool = Field(
        default=True, description="False: overall follows from the four attributes alone"
    )
    graded_attention: bool = Field(
        default=True,
        description="a learnt slope and shift before the map's sigmoid: the maximum over normalised"
        " channels alone lies far above what a rare defect's map must be",
    )
    both_heads: bool = Field(
        default=True,
        description="final scores are the mean of the fusion's and the primary's: their errors"
        " differ",
    )
    uncertainty: bool = Field(default=True, description="a standard deviation beside each score")

    @property
    def input_px(self) -> int:
        """Side of the network's input."""
        return self.size_px // self.reduction

    @property
    def map_px(self) -> int:
        """Side of the attention maps."""
        return self.input_px // self.primary.stride

    @model_validator(mode="after")
    def _fits(self) -> Self:
        stride = self.primary.stride
        if self.attribute.stride != stride:
            raise ValueError(f"expected one stride, found {stride} and {self.attribute.stride}")
        if stride % 2 or self.size_px % (stride * self.reduction):
            raise ValueError(
                f"stride {stride} after {self.reduction}: expected even, and together a divisor of"
                f" {self.size_px}"
            )
        if self.primary.channels[1] % 2:
            raise ValueError("primary channels: expected an even number, half for each attention")
        return self


def paper_network() -> NetworkConfig:
    """Give the configuration that adds nothing to the paper's figure 2."""
    feature = FeatureConfig(stem_channels=16, channels=(32, 32))
    return NetworkConfig(
        reduction=1,
        primary=feature,
        attribute=feature,
        pooling=(Pooling.MEAN,),
        dark_contamination=False,
        share_pooling=False,
        pitch_input=False,
        brightness_input=False,
        measured_input=False,
        own_contrast=False,
        overall_sees_features=False,
        graded_attention=False,
        both_heads=False,
        uncertainty=False,
    )


class AugmentConfig(Config):
    """How far a training crop is bent so that simulated grids stand for real ones."""

    film_level: float = Field(default=0.12, description="largest relative error of the film level")
    gamma: float = Field(default=0.15, description="largest relative change of contrast")
    offset: float = Field(
        default=0.12, description="largest stray light, film units; most crops have little"
    )
    gradient: float = Field(default=0.08, description="largest gain slope across the crop")
    blur_px: float = Field(default=3.0, description="largest Gaussian blur, crop pixels")
    blurred: float = Field(default=0.5, description="chance of a blur")
    noise: float = Field(
        default=0.06, description="largest noise at film level, film units; most have little"
    )
    noisy: float = Field(default=0.6, description="chance of noise beside the crop's own")
    turn_deg: float = Field(default=6.0, description="largest tilt beside quarter turns")
    zoom: float = Field(default=0.05, description="largest change of size")
    shift_px: float = Field(default=16.0, description="largest shift")
    pitch: float = Field(default=0.03, description="largest relative error of the mesh pitch")
    no_pitch: float = Field(default=0.15, description="chance that the mesh pitch is unknown")
    edge: float = Field(default=0.3, description="chance that a part lies outside the tiles")
    lines: float = Field(default=0.1, description="chance of dead or bright lines of the camera")

    def reduced(self, reduction: int) -> Self:
        """The same bending of crops that were reduced: lengths in their pixels."""
        lengths = {"blur_px": self.blur_px / reduction, "shift_px": self.shift_px / reduction}
        return self.model_copy(update=lengths)


class TrainConfig(Config):
    """One training run. Weights of zero switch a loss off."""

    seed: int = Field(default=0, ge=0)
    epochs: int = Field(default=75, gt=0)
    steps_per_epoch: int | None = Field(
        default=None, gt=0, description="None: as many draws as there are squares"
    )
    batch_size: int = Field(default=16, gt=1)
    learning_rate: float = Field(default=2e-3, gt=0)
    weight_decay: float = Field(default=1e-4, ge=0)
    warmup: float = Field(default=0.05, ge=0, lt=1, description="share of the steps")
    labelled: int | None = Field(
        default=None, gt=0, description="squares that keep labels; None: all"
    )
    unlabelled: int | None = Field(default=None, ge=0, description="squares without; None: all")
    balance: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="0: squares as they come; 1: every severity of cracking equally often. Torn"
        " squares are one in ten",
    )
    semi_supervised: bool = Field(
        default=True, description="False: no decoder is trained and no unlabelled square is used"
    )
    reconstruction_weight: float = Field(default=1.0, ge=0)
    huber: float | None = Field(
        default=1.0,
        gt=0,
        description="from this error of the final heads on it counts by its size, not squared"
        " (None, as in the paper, always squared): the mean hedges between clean and dirty",
    )
    mask_weight: float = Field(default=10.0, ge=0, description="attention against true masks")
    reconstruct_every: int = Field(
        default=1, gt=0, description="steps between two with decoders (the paper's is 1)"
    )
    ema_decay: float = Field(default=0.998, ge=0, lt=1, description="0: no averaged weights")
    patience: int | None = Field(
        default=None, gt=0, description="epochs without progress before a stop"
    )
    augment: AugmentConfig | None = AugmentConfig()

    def steps_with(self, squares: int) -> int:
        """Optimiser steps in an epoch of so many squares."""
        return self.steps_per_epoch or max(squares // self.batch_size, 1)


class RunConfig(Config):
    """Everything that a checkpoint needs to be made again."""

    network: NetworkConfig = NetworkConfig()
    train: TrainConfig = TrainConfig()
