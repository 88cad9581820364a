"""Learning curves: a line of figures per epoch, kept as JSON lines and drawn as a picture."""

from pathlib import Path

from matplotlib.figure import Figure
from pydantic import BaseModel, ConfigDict


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


def read_history(path: Path) -> list[EpochFigures]:
    """Read what earlier epochs wrote; none when there is no file."""
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    return [EpochFigures.model_validate_json(line) for line in lines]


def write_history(path: Path, history: list[EpochFigures]) -> None:
    """Write all epochs, one JSON object a line."""
    path.write_text("".join(e.model_dump_json() + "\n" for e in history), encoding="utf-8")


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
