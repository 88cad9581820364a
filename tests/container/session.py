"""A small session, as EPU would write it."""

import sys
from pathlib import Path

from tests.container.engine import run
from tests.needs import Part, needs


def write_small_session(folder: Path) -> None:
    replay = needs(Part.SHARED, "real-session") / "replay.py"
    run(sys.executable, replay, folder, "--samples", "2", "--tiles", "3", timeout_s=120)
