"""Runtimes on this CPU: time per square and how far scores move.

Those that are not installed are left out: onnx and onnxscript write what ONNX Runtime and OpenVINO
read, torch.compile needs g++. All use as many threads as torch does: on a machine that others use
too, OMP_NUM_THREADS=1 and the processor's time compare best.
"""

import copy
import importlib.util
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.figure import Figure
from model.blocks import fuse_norms
from model.checkpoint import load_checkpoint
from model.network import XCryoNet
from model.predict import DEFAULT_WEIGHTS
from model.preprocess import Crop, network_input
from simulate.dataset import simulate_grid

REPETITIONS = 15
BATCHES = (1, 8)
GRID = (90211, 0)
"""Seed and number of the simulated grid whose squares are scored."""

Scores = NDArray[np.float32]
Run = Callable[[Tensor, Tensor], Scores]


class FinalScores(nn.Module):
    """The five scores alone, clipped, as a graph that can be exported."""

    def __init__(self, network: XCryoNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor, pitches: Tensor) -> Tensor:
        """(n, 1, size, size) and pitches (n,) to (n, 5)."""
        return torch.as_tensor(self.network(x, pitches).final.stacked()).clamp(0.0, 4.0)


@dataclass(frozen=True, eq=False)
class Job:
    """The network that ships and a batch for it: x (n, 1, size, size), pitches (n,)."""

    scores: FinalScores
    x: Tensor
    pitches: Tensor


def measure() -> Iterator[Figure]:
    """Time squares through the network that ships, each runtime in turn and again."""
    crops = [
        Crop(c.pixels, c.full_scale, c.film_level, c.vacuum_level, c.mesh_pitch_um)
        for c in simulate_grid(*GRID, max(BATCHES))
    ]
    scores = FinalScores(load_checkpoint(DEFAULT_WEIGHTS)[0]).eval()
    fuse_norms(scores)
    for count in BATCHES:
        job = _job(scores, crops[:count])
        with tempfile.TemporaryDirectory() as folder:
            yield from _compare({n: make(job) for n, make in _runtimes(Path(folder)).items()}, job)


def _job(scores: FinalScores, crops: list[Crop]) -> Job:
    config = scores.network.config
    seen = [network_input(crop, config.size_px, config.reduction) for crop in crops]
    pitches = torch.tensor([crop.mesh_pitch_um or np.nan for crop in crops])
    return Job(scores, torch.from_numpy(np.stack(seen)[:, None]), pitches)


def _compare(runs: dict[str, Run], job: Job) -> Iterator[Figure]:
    """Best time of several per square (other work disturbs), and the largest change of a score."""
    count = len(job.x)
    reference = _torch(job.scores, job.x, job.pitches)
    best_s = dict.fromkeys(runs, float("inf"))
    used_s = dict.fromkeys(runs, float("inf"))
    moved = dict.fromkeys(runs, 0.0)
    for _ in range(REPETITIONS):
        for name, run in runs.items():
            start, used = time.perf_counter(), time.process_time()
            found = run(job.x, job.pitches)
            used_s[name] = min(used_s[name], time.process_time() - used)
            best_s[name] = min(best_s[name], time.perf_counter() - start)
            moved[name] = max(moved[name], float(np.abs(found - reference).max()))
    for name, seconds in best_s.items():
        yield Figure(f"{name}: a square, {count} at once", 1e3 * seconds / count, "ms")
        yield Figure(f"{name}: the same, time of cores", 1e3 * used_s[name] / count, "ms")
        yield Figure(f"{name}: a score moves by at most", moved[name], "points")


def _runtimes(folder: Path) -> dict[str, Callable[[Job], Run]]:
    """List the ways to run a network that this machine has."""
    made: dict[str, Callable[[Job], Run]] = {
        "torch": lambda job: partial(_torch, job.scores),
        "torch channels last (default)": lambda job: partial(_torch, _channels_last(job.scores)),
        "torch bfloat16 channels last": lambda job: partial(_half, _channels_last(job.scores)),
    }
    if shutil.which("g++"):
        made["torch.compile"] = lambda job: partial(_torch, torch.compile(job.scores))
    if all(importlib.util.find_spec(name) for name in ("onnx", "onnxscript")):
        if importlib.util.find_spec("onnxruntime"):
            made["onnxruntime"] = lambda job: _onnxruntime(_export(job, folder))
        if importlib.util.find_spec("openvino"):
            made["openvino"] = lambda job: _openvino(_export(job, folder))
    return made


@torch.inference_mode()
def _torch(scores: Callable[[Tensor, Tensor], Tensor], x: Tensor, pitches: Tensor) -> Scores:
    return np.asarray(scores(x, pitches).float().numpy(), np.float32)


def _channels_last(scores: FinalScores) -> FinalScores:
    copied = copy.deepcopy(scores)
    return copied.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def _half(scores: FinalScores, x: Tensor, pitches: Tensor) -> Scores:
    with torch.autocast("cpu", torch.bfloat16):
        return _torch(scores, x.contiguous(memory_format=torch.channels_last), pitches)


def _export(job: Job, folder: Path) -> Path:
    """Write a network for this batch size, once."""
    path = folder / "network.onnx"
    if not path.exists():
        torch.onnx.export(job.scores, (job.x, job.pitches), path, dynamo=True, verbose=False)
    return path


def _onnxruntime(path: Path) -> Run:
    runtime = import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [given.name for given in session.get_inputs()]
    return lambda x, p: np.asarray(
        session.run(None, dict(zip(names, (x.numpy(), p.numpy()), strict=False)))[0], np.float32
    )


def _openvino(path: Path) -> Run:
    threads = {"INFERENCE_NUM_THREADS": torch.get_num_threads()}
    compiled = import_module("openvino").Core().compile_model(path, "CPU", threads)
    count = len(compiled.inputs)
    return lambda x, p: np.asarray(compiled([x.numpy(), p.numpy()][:count])[0], np.float32)
