"""The simulator: squares per second, a K3 session, memory, how real it looks; CPU times."""

import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.real_squares import REAL_SESSION, cut_squares
from benchmarks.two_sample import SEEDS, compare, simulate_many
from simulate.dataset import DatasetPlan, write_dataset
from simulate.instrument import CameraKind, find_instrument
from simulate.session import SessionPlan, write_session

GRIDS, SQUARES = 6, 20
SEED = 3


def measure() -> Iterator[Figure]:
    """Each part in a process of its own, so that its memory is its own."""
    seconds, peak = _apart(_data_set)
    made = GRIDS * SQUARES
    yield Figure(f"data set ({made} squares of {GRIDS} grids)", made / seconds, "1/s")
    yield Figure("12 grids x 250 squares at that rate", 3000 * seconds / made / 60, "min")
    yield Figure("data set, peak memory", peak, "MiB")
    seconds, peak = _apart(_session)
    yield Figure("session of 35 K3 tiles", seconds, "s")
    yield Figure("session, peak memory", peak, "MiB")
    if REAL_SESSION.is_dir():
        yield from _alike()


def _alike() -> Iterator[Figure]:
    """Real squares against simulated ones, by grid; statistics that give them away by their AUC."""
    simulated = simulate_many(SEEDS)
    real = cut_squares(REAL_SESSION, "real ", previews_only=True)
    areas, single = compare(real, simulated)
    for name, area in areas.items():
        what = f"AUC real or simulated ({len(real)} and {len(simulated)} squares), {name}"
        yield Figure(what, area, "")
    for name, value in sorted(single.items(), key=lambda item: -abs(item[1] - 0.5))[:5]:
        yield Figure(f"AUC of {name} alone", value, "")


def _apart(act: Callable[[], tuple[float, float]]) -> tuple[float, float]:
    """CPU seconds and peak MiB of an act in a fresh process."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(act)


def _data_set() -> tuple[float, float]:
    return _timed(lambda out: write_dataset(out, DatasetPlan(GRIDS, SQUARES, SEED)))


def _session() -> tuple[float, float]:
    plan = SessionPlan(find_instrument(CameraKind.K3), seed=SEED)
    return _timed(lambda out: write_session(out, plan))


def _timed(write: Callable[[Path], object]) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        write(Path(folder) / "out")
        seconds = time.process_time() - start
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
