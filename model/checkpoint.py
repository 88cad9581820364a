"""A trained network on disk: `<name>.safetensors` and its model card `<name>.json`."""

import hashlib
import json
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from model.config import ADDED_LATER, RunConfig
from model.network import XCryoNet

_MADE_FOR = "made_for"
"""In the weights' own metadata: `_fingerprint` of the card."""

_Scale = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class CheckpointError(ValueError):
    """Weights that cannot be trusted: path, expected, found."""


class ModelCard(BaseModel):
    """What one must know of weights to trust them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="of the weights file")
    config: RunConfig
    data: str = Field(description="what it was trained on: origin, sizes, seeds")
    trained_squares: int = Field(ge=0, description="squares in the training split")
    steps: int = Field(ge=0, description="optimiser steps of the weights that were kept")
    training_time_s: float = Field(ge=0)
    hardware: str
    sd_scale: tuple[_Scale, ...] = Field(
        default=(1.0, 1.0, 1.0, 1.0, 1.0),
        min_length=5,
        max_length=5,
        description="factors that calibrate the standard deviations, in the order of the scores",
    )
    metrics: dict[str, float] = Field(
        default_factory=dict, description="`<data>/<score>/<figure>`: value"
    )
    limits: str = Field(default="", description="what it is known not to do well")

    @field_validator("config", mode="before")
    @classmethod
    def _as_it_was(cls, config: object) -> object:
        """Switch off what the network of an older card did not have yet."""
        if isinstance(config, dict) and isinstance(config.get("network"), dict):
            return config | {"network": dict.fromkeys(ADDED_LATER, False) | config["network"]}
        return config

    @property
    def model_id(self) -> str:
        """Short name of these very weights, of the network they are for and its calibration."""
        return self.sha256[:12]


def save_checkpoint(path: Path, network: XCryoNet, card: ModelCard) -> ModelCard:
    """Write weights and card side by side; give the card with the file's own hash.

    Args:
        path: ends in `.safetensors`; the card goes beside it as `.json`.
        network: to save.
        card: its `sha256` is replaced.
    """
    tensors = {k: v.detach().cpu().contiguous() for k, v in network.state_dict().items()}
    data = save(tensors, {_MADE_FOR: _fingerprint(card)})
    card = card.model_copy(update={"sha256": hashlib.sha256(data).hexdigest()})
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, data)
    replace_file(card_path(path), (card.model_dump_json(indent=2) + "\n").encode())
    return card


def load_checkpoint(path: Path) -> tuple[XCryoNet, ModelCard]:
    """Read a network, on the CPU and in scoring mode, and its card.

    Raises:
        CheckpointError: if a file is missing, the hash differs from the card's, or the card's
            network or calibration are not those that the weights were saved with.
    """
    card = read_card(card_path(path))
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path}: expected weights, found none ({error})") from error
    found = hashlib.sha256(data).hexdigest()
    if found != card.sha256:
        raise CheckpointError(f"{path}: expected sha256 {card.sha256} (its card), found {found}")
    network = XCryoNet(card.config.network)
    try:
        _fill(path, network, load(data))
        _check_card(path, data, card)
    except SafetensorError as error:
        raise CheckpointError(f"{path}: expected safetensors, found {error}") from error
    return network.eval(), card


def read_card(path: Path) -> ModelCard:
    """Read a model card.

    Raises:
        CheckpointError: if it is missing or not a card.
    """
    try:
        return ModelCard.model_validate_json(path.read_bytes())
    except OSError as error:
        raise CheckpointError(f"{path}: expected a model card, found none ({error})") from error
    except ValidationError as error:
        raise CheckpointError(f"{path}: not a model card: {error}") from error


def card_path(weights: Path) -> Path:
    """Where the card of a weights file lies."""
    return weights.with_suffix(".json")


def _fill(path: Path, network: XCryoNet, tensors: dict[str, Tensor]) -> None:
    expected = {k: tuple(v.shape) for k, v in network.state_dict().items()}
    found = {k: tuple(v.shape) for k, v in tensors.items()}
    if expected != found:
        wrong = sorted(k for k in expected.keys() | found.keys() if expected.get(k) != found.get(k))
        name = wrong[0]
        raise CheckpointError(
            f"{path}: weights of another configuration: {len(wrong)} tensors differ, first {name}:"
            f" expected {expected.get(name)}, found {found.get(name)}"
        )
    if any(not torch.isfinite(v).all() for v in tensors.values()):
        raise CheckpointError(f"{path}: expected finite weights, found NaN or infinity")
    network.load_state_dict(tensors)


def _check_card(path: Path, data: bytes, card: ModelCard) -> None:
    """Refuse a card whose settings would make another network of the same tensors.

    Raises:
        CheckpointError: as said.
    """
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    made_for, found = header.get("__metadata__", {}).get(_MADE_FOR), _fingerprint(card)
    if made_for != found:
        raise CheckpointError(
            f"{card_path(path)}: expected the network and sd_scale that {path.name} was saved with"
            f" ({made_for}), found others ({found})"
        )


def _fingerprint(card: ModelCard) -> str:
    """Name a network's settings and its calibration; what was added later and is off is no part."""
    network = card.config.network.model_dump(mode="json")
    settled = {k: v for k, v in network.items() if v is not False or k not in ADDED_LATER}
    told = json.dumps([settled, card.sd_scale], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def replace_file(path: Path, data: bytes) -> None:
    """Write aside and rename, so that nobody reads half a file, whoever else writes it."""
    aside = path.with_name(f"{path.name}.{uuid4().hex}.part")
    aside.write_bytes(data)
    aside.replace(path)
