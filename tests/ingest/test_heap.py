import subprocess
import sys

import pytest

HOLES = """
import os
import numpy as np
from ingest.heap import return_large_arrays

def resident_mib():
    pages = int(open("/proc/self/statm").read().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

return_large_arrays()
np.ones(3 * 2**20)  # 24 MiB: from its end on, glibc by itself would take smaller ones from its heap
before = resident_mib()
tiles = [(np.ones(2**21), np.ones(2**10)) for _ in range(10)]
assert resident_mib() > before + 150
long_lived = [small for _, small in tiles]
del tiles
print(resident_mib() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the memory of a process")
def test_large_arrays_leave_no_holes_between_what_lives_longer() -> None:
    done = subprocess.run([sys.executable, "-c", HOLES], capture_output=True, text=True, check=True)

    assert float(done.stdout) < 20
