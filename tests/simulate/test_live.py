"""Sessions are watched while they are written: what is found is what the finished folder shows."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.memory import MemorySink, ScreenedAtlas
from ingest.pipeline import Pipeline
from simulate.session import SessionPlan, write_session
from simulate.variant import Variant
from tests.ingest.watching import Watching, quick
from tests.simulate.sessions import SMALL, read_all

SPEED = 200.0


def places(atlases: list[ScreenedAtlas]) -> list[tuple[float, float]]:
    return sorted(
        (round(s.record.center_x_px, 1), round(s.record.center_y_px, 1))
        for atlas in atlases
        for s in atlas.squares
    )


@pytest.mark.parametrize(
    "variant",
    [
        Variant.SPLIT_WRITES,
        Variant.RENAMED,
        Variant.LATE_XML,
        Variant.FUTURE_DATES,
        Variant.REACQUIRED,
    ],
)
def test_watching_a_session_grow_finds_the_squares_of_the_finished_folder(
    tmp_path: Path, variant: Variant
) -> None:
    out = tmp_path / "out"
    small = replace(SMALL, columns=2, rows=2)
    plan = SessionPlan(instrument=small, seed=4, speed=SPEED, variant=variant)
    writer = threading.Thread(target=write_session, args=(out, plan))
    sink = MemorySink()
    pipeline = Pipeline(sink)
    taken = 0

    def take_news() -> None:
        nonlocal taken
        for one in watching.files[taken:]:
            pipeline.take(one.file, one.path, one.problem)
            pipeline.settle()
        taken = len(watching.files)

    def calm() -> bool:
        take_news()
        return not writer.is_alive() and watching.notices[-1].files_pending == 0

    with Watching(tmp_path, quick(polling=None)) as watching:
        watching.for_notices(1)
        writer.start()
        watching.until(calm)
        watching.for_notices(3)
        watching.until(calm)
    pipeline.settle(final=True)
    assert not [f.path.name for f in watching.files if f.path.suffix == ".tmp"]
    found = places(sink.atlases())
    assert len(found) > 8
    assert found == places(read_all(out))
