"""What a benchmark yields."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured number.

    Attributes:
        what: What was measured, on what.
        value: The number.
        unit: Its unit.
        spread: Its spread over the repetitions, in the same unit; None when it was measured once.
    """

    what: str
    value: float
    unit: str
    spread: float | None = None


def time_of(what: str, act: Callable[[], object], repetitions: int = 5) -> Figure:
    """Measure how long an act takes: median and distance of the quartiles, in milliseconds.

    The act is done once before, so that what is loaded at first use does not count.
    """
    act()
    times_ms = []
    for _ in range(repetitions):
        start = time.perf_counter()
        act()
        times_ms.append((time.perf_counter() - start) * 1e3)
    low, middle, high = statistics.quantiles(times_ms, n=4)
    return Figure(what, middle, "ms", high - low)
