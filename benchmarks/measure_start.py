"""What each part costs a machine before it does anything: seconds and memory to load its code."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.figure import Figure

PARTS = {
    "command line": "service.cli",
    "ingest": "ingest.command",
    "web": "service.app",
    "worker": "model.predict",
}
_PEAK = "import resource; print('peak', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"


def measure() -> Iterator[Figure]:
    """Load each part in a process of its own; the first time only fills the disk cache."""
    for part, module in PARTS.items():
        _load(module)
        times, peaks = zip(*(_load(module) for _ in range(5)), strict=True)
        yield Figure(f"load {part}", sorted(times)[2], "s", max(times) - min(times))
        yield Figure(f"memory after loading {part}", sorted(peaks)[2], "MiB")


def _load(module: str) -> tuple[float, float]:
    """Get seconds and MiB.

    Raises:
        ValueError: if the process does not print its peak memory.
    """
    start = time.perf_counter()
    command = [sys.executable, "-c", f"import {module}; {_PEAK}"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"peak (\d+)", printed)
    if found is None:
        raise ValueError(f"loading {module}: expected its peak memory, found {printed!r}")
    return time.perf_counter() - start, int(found[1]) / 1024
