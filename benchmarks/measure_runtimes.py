"""Runtimes on this CPU: time per square and how far scores move; ONNX ones where installed."""

import importlib.util
import tempfile
import time
from collections.abc import Callable, Iterator
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
from model.predict import CHUNK, DEFAULT_WEIGHTS

REPETITIONS = 9
Scores = NDArray[np.float32]


class FinalScores(nn.Module):
    """The five scores alone, clipped, as a graph that can be exported."""

    def __init__(self, network: XCryoNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """(n, 1, size, size) to (n, 5)."""
        return torch.as_tensor(self.network(x).final.stacked()).clamp(0.0, 4.0)


def measure() -> Iterator[Figure]:
    """Time eight squares at once in each runtime; the reference is torch in float32."""
    scores = FinalScores(load_checkpoint(DEFAULT_WEIGHTS)[0]).eval()
    fuse_norms(scores)
    torch.manual_seed(0)
    x = torch.rand(CHUNK, 1, scores.network.config.input_px, scores.network.config.input_px)
    plain = partial(_torch, scores, x)
    reference = plain()
    yield from _both("torch float32", plain, reference)
    scores.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in the stub
    last = x.contiguous(memory_format=torch.channels_last)
    yield from _both(
        "torch float32 channels last (default)", partial(_torch, scores, last), reference
    )
    yield from _both("torch bfloat16 channels last", partial(_half, scores, last), reference)
    if any(importlib.util.find_spec(name) is None for name in ("onnx", "onnxscript")):
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scores.onnx"
        torch.onnx.export(scores, (x,), path, dynamo=True, verbose=False)
        for name, make in (("onnxruntime", _onnxruntime), ("openvino", _openvino)):
            if importlib.util.find_spec(name) is not None:
                yield from _both(name, partial(make(path), x.numpy()), reference)


def _both(name: str, act: Callable[[], Scores], reference: Scores) -> Iterator[Figure]:
    """Best time of several per square (other work disturbs), and the largest change of a score."""
    moved = float(np.abs(act() - reference).max())
    times_s = []
    for _ in range(REPETITIONS):
        start = time.perf_counter()
        act()
        times_s.append(time.perf_counter() - start)
    yield Figure(f"{name}: a square, best of {REPETITIONS}", 1e3 * min(times_s) / CHUNK, "ms")
    yield Figure(f"{name}: a score moves by at most", moved, "points")


@torch.inference_mode()
def _torch(scores: FinalScores, x: Tensor) -> Scores:
    return np.asarray(scores(x).float().numpy(), np.float32)


def _half(scores: FinalScores, x: Tensor) -> Scores:
    with torch.autocast("cpu", torch.bfloat16):
        return _torch(scores, x)


def _onnxruntime(path: Path) -> Callable[[NDArray[np.float32]], Scores]:
    session = import_module("onnxruntime").InferenceSession(
        path, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    return lambda x: np.asarray(session.run(None, {name: x})[0], np.float32)


def _openvino(path: Path) -> Callable[[NDArray[np.float32]], Scores]:
    compiled = import_module("openvino").Core().compile_model(path, "CPU")
    return lambda x: np.asarray(compiled(x)[0], np.float32)
