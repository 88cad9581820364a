"""Learning curves: a line of figures per epoch, kept as JSON lines and drawn as a picture."""

from pathlib import Path

from matplotlib.figure import Figure
from pydantic import BaseModel, ConfigDict, ValidationError

from model.checkpoint import CheckpointError, replace_file


class EpochFigures(BaseModel):
    """What one epoch brought: mean training losses and the validation's figures."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    epoch: int
    seconds: float
    learning_rate: float
    primary: float
    reconstruction: float | None
    autoencoder: float | None
    fusion: float | None
    validation_mae: float
    validation: dict[str, float]


def read_history(path: Path, epochs: int) -> list[EpochFigures]:
    """Read what the first so many epochs wrote.

    Raises:
        CheckpointError: if the file does not hold them.
    """
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    try:
        history = [EpochFigures.model_validate_json(line) for line in lines[:epochs]]
    except ValidationError as error:
        raise CheckpointError(f"{path}: expected an epoch's figures a line, {error}") from error
    if len(history) < epochs:
        raise CheckpointError(f"{path}: expected {epochs} epochs, found {len(history)}")
    return history


def write_history(path: Path, history: list[EpochFigures]) -> None:
    """Write all epochs, one JSON object a line, atomically."""
    replace_file(path, "".join(e.model_dump_json() + "\n" for e in history).encode())


def draw_curves(path: Path, history: list[EpochFigures]) -> None:
    """Draw losses (left) and validation errors (right) over the epochs as a PNG."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    losses, errors = figure.subplots(1, 2)
    epochs = [e.epoch + 1 for e in history]
    for name in ("primary", "reconstruction", "autoencoder", "fusion"):
        values = [getattr(e, name) for e in history]
        if any(v is not None for v in values):
            losses.plot(epochs, [float("nan") if v is None else v for v in values], label=name)
    losses.set(xlabel="epoch", ylabel="training loss", yscale="log")
    losses.legend()
    names = sorted(k for k in history[-1].validation if k.endswith("/mae"))
    for name in names:
        values = [e.validation.get(name, float("nan")) for e in history]
        errors.plot(epochs, values, label=name.removesuffix("/mae"))
    errors.set(xlabel="epoch", ylabel="validation mean absolute error", ylim=(0, None))
    errors.legend()
    figure.savefig(path, dpi=110)
