"""A small session, written as EPU writes it."""

from dataclasses import replace
from pathlib import Path

from simulate.instrument import CameraKind, find_instrument
from simulate.session import SessionPlan, write_session


def write_small_session(folder: Path) -> None:
    """Write one grid of four tiles."""
    instrument = replace(find_instrument(CameraKind.K3_HALF), columns=2, rows=2)
    write_session(folder, SessionPlan(instrument))
