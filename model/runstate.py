"""Where a training run stands, so that it can go on after a stop as if there had been none."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.optim import AdamW

from model.average import Average
from model.checkpoint import CheckpointError, replace_file
from model.config import RunConfig
from model.network import XCryoNet
from model.steps import Optimisers

STATE_FILE = "state.safetensors"
CONFIG_FILE = "run.json"


class RunIdentity(BaseModel):
    """What makes a run this one: with all of it the same, it can be gone on with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    config: RunConfig
    data: str = Field(description="`Dataset.fingerprint`")
    start: str | None = Field(default=None, description="id of the weights it started from")


@dataclass(frozen=True)
class RunState:
    """What an epoch changes: the network, its average and the optimisers' moments."""

    network: XCryoNet
    average: Average
    optimisers: Optimisers


def save_state(folder: Path, run: RunState, epochs: int) -> None:
    """Write everything and the number of finished epochs in one file, atomically."""
    tensors: dict[str, Tensor] = {"epochs": torch.tensor(epochs)}
    tensors |= {f"network/{k}": v for k, v in run.network.state_dict().items()}
    tensors |= {f"average/{k}": v for k, v in run.average.network.state_dict().items()}
    for name, optimiser in run.optimisers.present().items():
        tensors |= _moments(name, optimiser)
    path = folder / STATE_FILE
    aside = path.with_name(path.name + ".part")
    save_file({k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}, aside)
    aside.replace(path)


def load_state(folder: Path, run: RunState) -> int:
    """Put a run back where `save_state` left it; gives the number of finished epochs.

    Raises:
        CheckpointError: if the state is damaged or another network's.
    """
    path = folder / STATE_FILE
    try:
        tensors = load_file(path)
        run.network.load_state_dict(_under(tensors, "network"))
        run.average.network.load_state_dict(_under(tensors, "average"))
        for name, optimiser in run.optimisers.present().items():
            _restore(optimiser, _under(tensors, name))
        return int(tensors["epochs"])
    except (SafetensorError, RuntimeError, KeyError) as error:
        raise CheckpointError(f"{path}: expected this run's state, found {error}") from error


def check_same_run(folder: Path, identity: RunIdentity) -> bool:
    """Whether the folder holds this very run, one epoch of it at least; notes it otherwise.

    All processes of a run ask at once; none reads half of what another writes.

    Raises:
        CheckpointError: if the folder holds another run, what differs, expected and found; or
            weights that are of no run that could go on.
    """
    path = folder / CONFIG_FILE
    if not (folder / STATE_FILE).is_file():
        folder.mkdir(parents=True, exist_ok=True)
        weights = sorted(folder.glob("*.safetensors"))
        if weights and _read_identity(path) != identity:
            raise CheckpointError(
                f"{folder}: expected a new folder or a run's, found {weights[0].name} and no"
                f" {STATE_FILE}: it would be overwritten"
            )
        replace_file(path, (identity.model_dump_json(indent=2) + "\n").encode())
        return False
    found = _read_identity(path)
    if found is None:
        raise CheckpointError(f"{path}: expected a run's settings, found none that can be read")
    differences = _differences(identity.model_dump(), found.model_dump())
    if differences:
        raise CheckpointError(
            f"{folder}: expected a folder of this run, found another's: {'; '.join(differences)}"
        )
    return True


def _read_identity(path: Path) -> RunIdentity | None:
    try:
        return RunIdentity.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def _differences(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """What differs between two nested sets of settings, each by its dotted name."""
    lines = []
    for name in expected.keys() | found.keys():
        wanted, there = expected.get(name), found.get(name)
        if isinstance(wanted, dict) and isinstance(there, dict):
            lines += [f"{name}.{line}" for line in _differences(wanted, there)]
        elif wanted != there:
            lines.append(f"{name}: expected {wanted}, found {there}")
    return sorted(lines)


def _moments(name: str, optimiser: AdamW) -> dict[str, Tensor]:
    state = optimiser.state_dict()["state"]
    return {
        f"{name}/{index}.{key}": torch.as_tensor(value)
        for index, moments in state.items()
        for key, value in moments.items()
    }


def _restore(optimiser: AdamW, tensors: dict[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        index, key = name.split(".", 1)
        state.setdefault(int(index), {})[key] = value
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": state, "param_groups": groups})


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    start = prefix + "/"
    return {k.removeprefix(start): v for k, v in tensors.items() if k.startswith(start)}
