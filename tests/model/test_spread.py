"""Several processes, one network: torchrun starts them, one of them writes."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from model.checkpoint import load_checkpoint
from model.spread import Share, average_gradients, join_others
from tests.model.samples import tiny_run, write_squares

COMMAND = (
    "import argparse, sys; from model.train_command import add_arguments, run;"
    " parser = argparse.ArgumentParser(); add_arguments(parser); sys.exit(run(parser.parse_args()))"
)


def test_alone_nothing_is_shared() -> None:
    assert join_others("cpu") == Share(0, 1)
    gradient = torch.ones(3)
    assert average_gradients([gradient, None], [gradient, gradient]) == [gradient, None]


@pytest.mark.parametrize("labelled", [None, 1])
def test_two_processes_train_one_network_though_one_draws_no_label(
    tmp_path: Path, labelled: int | None
) -> None:
    write_squares(tmp_path / "data")
    settings, script = tmp_path / "settings.json", tmp_path / "train.py"
    settings.write_text(tiny_run(epochs=1, labelled=labelled).model_dump_json())
    script.write_text(COMMAND)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    places = [str(script), str(tmp_path / "data"), str(tmp_path / "out")]
    done = subprocess.run(
        [*torchrun, *places, "--config", str(settings), "--device", "cpu", "--threads", "1"],
        cwd=Path(__file__).parents[2],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("model ") == 1  # one process speaks for both
    network, card = load_checkpoint(tmp_path / "out" / "best.safetensors")
    assert card.steps == 3
    assert all(torch.isfinite(p).all() for p in network.parameters())
