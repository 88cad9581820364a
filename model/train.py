"""Train XCryoNet: one loop, read from top to bottom."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from model.average import Average
from model.checkpoint import (
    CheckpointError,
    ModelCard,
    card_path,
    load_checkpoint,
    read_card,
    save_checkpoint,
)
from model.config import RunConfig
from model.curves import EpochFigures, draw_curves, read_history, write_history
from model.dataset import HEADER_FILE, Dataset, DatasetError, Split
from model.judge import NOT_SCALED, Judgement, judge
from model.network import XCryoNet
from model.runstate import RunIdentity, RunState, check_same_run, load_state, save_state
from model.spread import Share, same_buffers, wait_for_others
from model.steps import Optimisers, StepLosses, learning_rate, make_optimisers, train_batch
from model.stream import (
    ALONE,
    Squares,
    choose_labelled,
    load_squares,
    training_batches,
)

BEST_FILE = "best.safetensors"
HISTORY_FILE = "history.jsonl"
CURVES_FILE = "curves.png"


class TrainError(ValueError):
    """A run that cannot go on: expected and found."""


@dataclass(frozen=True)
class TrainResult:
    """Where the best weights are, their card, and what each epoch brought."""

    weights: Path
    card: ModelCard
    history: list[EpochFigures]


@dataclass(frozen=True)
class Surroundings:
    """Where a run happens.

    Attributes:
        device: `cpu` or `cuda`.
        hardware: said in the card.
        start: weights of the same network to go on from, instead of random ones.
        share: of the work, when several processes train together.
    """

    device: str = "cpu"
    hardware: str = "not stated"
    start: Path | None = None
    share: Share = ALONE


def train(
    dataset: Dataset,
    out: Path,
    config: RunConfig,
    *,
    around: Surroundings = Surroundings(),
    on_epoch: Callable[[int], None] | None = None,
) -> TrainResult:
    """Train on a data set's train split and keep the weights that are best on its validation split.

    A run that was stopped goes on at the last finished epoch when called again with the same
    folder and configuration, and ends as if it had not been stopped.

    Args:
        dataset: must have squares in both splits.
        out: folder for weights, card, state, history and curves.
        config: network and training.
        around: device, hardware, first weights.
        on_epoch: called with each finished epoch, 0-based, once it is on disk; may raise to stop.

    Raises:
        TrainError: if a loss is no number any more; what else is refused is a `ValueError` too.
    """
    _check_sizes(dataset, config, around.share)
    start = None if around.start is None else read_card(card_path(around.start)).model_id
    identity = RunIdentity(config=config, data=dataset.fingerprint, start=start)
    resuming = check_same_run(out, identity)
    squares = choose_labelled(
        load_squares(dataset, Split.TRAIN, config.network.reduction), config.train
    )
    held_out = load_squares(dataset, Split.VALIDATION, config.network.reduction)

    torch.manual_seed(config.train.seed)
    network, about_start = _first_network(config, around)
    average = Average(network, config.train.ema_decay)
    run = RunState(network, average, make_optimisers(network, config.train))
    done = load_state(out, run) if resuming else 0
    history = read_history(out / HISTORY_FILE, done)

    for epoch in range(done, config.train.epochs):
        if _is_over(history, config.train.patience):
            break
        began = time.monotonic()
        losses = run_epoch(run, squares, config, epoch, around.share)
        same_buffers(run.network)
        same_buffers(average.network)
        judgement = judge(average.network, held_out)
        seconds = time.monotonic() - began
        history.append(_figures(epoch, seconds, losses, judgement, run.optimisers))
        if not np.isfinite([history[-1].primary, history[-1].validation_mae]).all():
            raise TrainError(
                f"{out}: epoch {epoch + 1}: expected finite losses and errors, found"
                f" {history[-1].primary} and {history[-1].validation_mae}"
            )
        if around.share.is_first:
            if history[-1].validation_mae == min(e.validation_mae for e in history):
                about = _about(dataset, squares, held_out) + about_start
                card = _card(about, squares, config, history, judgement, around)
                save_checkpoint(out / BEST_FILE, average.network, card)
            _write_progress(out, run, history)
        if on_epoch is not None:
            on_epoch(epoch)
    wait_for_others()
    return TrainResult(out / BEST_FILE, read_card(card_path(out / BEST_FILE)), history)


def _check_sizes(dataset: Dataset, config: RunConfig, share: Share) -> None:
    """Refuse what would fail, or mean nothing, only after hours.

    Raises:
        DatasetError: if a split has no labelled square, or crops are of another size.
        TrainError: if a batch cannot be shared evenly.
    """
    wanted, found = config.network.size_px, dataset.header.size_px
    if wanted != found:
        raise DatasetError(
            f"{dataset.folder / HEADER_FILE}: size_px: expected {wanted} as the network, found"
            f" {found}"
        )
    for split in (Split.TRAIN, Split.VALIDATION):
        if not any(s.labels is not None and s.split == split for s in dataset.squares):
            raise DatasetError(
                f"{dataset.folder}: expected labelled squares in split {split}, found none"
            )
    if config.train.batch_size % share.count:
        raise TrainError(
            f"batch size: expected a multiple of {share.count} processes, found"
            f" {config.train.batch_size}"
        )


def _first_network(config: RunConfig, around: Surroundings) -> tuple[XCryoNet, str]:
    """A network with its first weights, and what to say of these in the card.

    Raises:
        CheckpointError: if the weights to start from are of another network.
    """
    torch.manual_seed(config.train.seed)
    network, about = XCryoNet(config.network), ""
    if around.start is not None:
        started, card = load_checkpoint(around.start)
        if card.config.network != config.network:
            raise CheckpointError(f"{around.start}: expected weights of this very network")
        network.load_state_dict(started.state_dict())
        about = f"; started from weights {card.model_id} ({card.steps} steps on {card.data})"
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in the stub
    return network.to(around.device), about


def _write_progress(out: Path, run: RunState, history: list[EpochFigures]) -> None:
    write_history(out / HISTORY_FILE, history)
    save_state(out, run, len(history))
    draw_curves(out / CURVES_FILE, history)


def run_epoch(
    run: RunState, squares: Squares, config: RunConfig, epoch: int, share: Share
) -> list[StepLosses]:
    """Take one epoch's batches through the three steps."""
    device = next(run.network.parameters()).device
    count = config.train.steps_with(len(squares))
    map_px = config.network.map_px
    run.network.train()
    losses = []
    batches = training_batches(squares, config.train, epoch, map_px, share)
    for index, batch in enumerate(
        tqdm(batches, f"epoch {epoch + 1}", count, leave=False, disable=not share.is_first)
    ):
        step = epoch * count + index
        rate = learning_rate(config.train, step, config.train.epochs * count)
        for optimiser in run.optimisers.present().values():
            optimiser.param_groups[0]["lr"] = rate
        losses.append(
            train_batch(run.network, run.optimisers, batch.to(device), config.train, step)
        )
        run.average.update(run.network, step)
    return losses


def _is_over(history: list[EpochFigures], patience: int | None) -> bool:
    """Whether the validation has not improved for so many epochs."""
    if patience is None or len(history) <= patience:
        return False
    errors = [e.validation_mae for e in history]
    return min(errors[-patience:]) > min(errors[:-patience])


def _figures(
    epoch: int,
    seconds: float,
    losses: list[StepLosses],
    judgement: Judgement,
    optimisers: Optimisers,
) -> EpochFigures:
    return EpochFigures(
        epoch=epoch,
        seconds=seconds,
        learning_rate=float(optimisers.primary.param_groups[0]["lr"]),
        primary=float(np.mean([loss.primary for loss in losses])),
        reconstruction=_mean([loss.reconstruction for loss in losses]),
        autoencoder=_mean([loss.autoencoder for loss in losses]),
        fusion=_mean([loss.fusion for loss in losses]),
        validation_mae=judgement.mae(),
        validation=judgement.figures(),
    )


def _about(dataset: Dataset, squares: Squares, held_out: Squares) -> str:
    header = dataset.header
    labelled = int(np.isfinite(squares.labels).any(1).sum())
    return (
        f"{header.origin} (seed {header.seed}): {len(squares)} squares of"
        f" {len(set(squares.grids))} grids, {labelled} labelled; validated on {len(held_out)}"
        f" squares of {len(set(held_out.grids))} other grids"
    )


def _card(
    about: str,
    squares: Squares,
    config: RunConfig,
    history: list[EpochFigures],
    judgement: Judgement,
    around: Surroundings,
) -> ModelCard:
    scales = NOT_SCALED if around.start is None else read_card(card_path(around.start)).sd_scale
    return ModelCard(
        name="xcryonet",
        sha256="0" * 64,  # the file's own is put in when it is written
        config=config,
        data=about,
        trained_squares=len(squares),
        steps=len(history) * config.train.steps_with(len(squares)),
        training_time_s=sum(e.seconds for e in history),
        hardware=around.hardware,
        sd_scale=judgement.sd_scales(scales),
        metrics={f"validation/{k}": v for k, v in judgement.figures().items()},
    )


def _mean(values: list[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return float(np.mean(known)) if known else None
