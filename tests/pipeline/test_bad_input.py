"""What is broken in EPU's folder gets a row and a reason, and disturbs nothing else."""

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import mrcfile
import pytest

from simulate.instrument import CameraKind, find_instrument
from simulate.session import SessionPlan, write_session
from tests.pipeline.running import RunningService, wait_for

pytestmark = pytest.mark.timeout(900)

TRUNCATED, NO_METADATA, NOT_XML = 1, 2, 3


@dataclass(frozen=True)
class DamagedSession:
    service: RunningService
    folder: Path
    before: dict[str, str]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DamagedSession]:
    """Six tiles: one cut short, one without metadata, one whose XML is none; half an Atlas.dm."""
    folder = tmp_path_factory.mktemp("epu")
    instrument = replace(find_instrument(CameraKind.K3_HALF), columns=2, rows=3)
    write_session(folder, SessionPlan(instrument, seed=4))
    _damage(folder)
    before = _content(folder)
    service = RunningService(folder, tmp_path_factory.mktemp("data"))
    try:
        service.start()
        wait_for("three placed tiles", lambda: _states(service).count("placed") >= 4, timeout_s=180)
        wait_for("reports of what is broken", lambda: len(_complaints(service)) >= 4, timeout_s=120)
        yield DamagedSession(service, folder, before)
    finally:
        service.close()


def test_a_truncated_image_fails_with_expected_and_found(session: DamagedSession) -> None:
    tile = _tile(session.service, TRUNCATED)

    assert tile["state"] == "failed"
    (whole,) = session.folder.parent.glob("whole.mrc")
    assert f"of {whole.stat().st_size} bytes" in tile["reason"]


def test_a_tile_without_metadata_waits_for_them(session: DamagedSession) -> None:
    tile = _tile(session.service, NO_METADATA)

    assert tile["state"] == "waiting"
    assert "XML" in tile["reason"]


def test_a_tile_whose_xml_is_none_is_placed_by_its_own_header(session: DamagedSession) -> None:
    complaints = _complaints(session.service)

    assert _tile(session.service, NOT_XML)["state"] == "placed"
    assert any(path.endswith(".xml") for path in complaints)


def test_half_an_atlas_dm_is_reported_and_the_nominal_frame_stands(session: DamagedSession) -> None:
    (path,) = (path for path in _complaints(session.service) if path.endswith("Atlas/Atlas.dm"))
    atlas = session.service.atlas(_sample(session.service))

    assert _complaints(session.service)[path]
    assert atlas is not None
    assert atlas["frame_source"] == "nominal"


def test_all_other_tiles_are_placed_and_their_squares_scored(session: DamagedSession) -> None:
    sample = _sample(session.service)
    states = {tile["index"]: tile["state"] for tile in session.service.tiles(sample)}

    scored = wait_for("scores", lambda: _scored(session.service, sample), timeout_s=180)

    assert {i for i, state in states.items() if state == "placed"} == {0, NOT_XML, 4, 5}
    assert all(
        (square["overall"] is None) == (square["status"] == "out_of_domain") for square in scored
    )
    assert any(square["overall"] is not None for square in scored)


def test_nothing_in_epus_folder_has_changed(session: DamagedSession) -> None:
    assert _content(session.folder) == session.before


def test_a_folder_that_vanishes_is_reported_and_caught_up_when_it_returns(
    session: DamagedSession,
) -> None:
    away = session.folder.with_name("away")
    session.folder.rename(away)
    wait_for(
        "the folder to be missed",
        lambda: _watch_state(session.service) == "folder_missing",
        timeout_s=60,
    )
    away.rename(session.folder)
    wait_for("the folder", lambda: _watch_state(session.service) == "watching", timeout_s=60)

    (whole,) = session.folder.parent.glob("whole.mrc")
    (broken,) = session.folder.rglob(f"Tile_*_{TRUNCATED}_*.mrc")
    shutil.copy(whole, broken)

    wait_for(
        "the mended tile",
        lambda: _tile(session.service, TRUNCATED)["state"] == "placed",
        timeout_s=90,
    )


def _damage(folder: Path) -> None:
    (image,) = folder.rglob(f"Tile_*_{TRUNCATED}_*.mrc")
    shutil.copy(image, folder.parent / "whole.mrc")
    data = image.read_bytes()
    image.write_bytes(data[: len(data) * 2 // 3])
    (bare,) = folder.rglob(f"Tile_*_{NO_METADATA}_*.mrc")
    with mrcfile.mmap(bare) as old:
        pixels = old.data.copy()
    with mrcfile.new(bare, data=pixels, overwrite=True):
        pass
    bare.with_suffix(".xml").unlink()
    (xml,) = folder.rglob(f"Tile_*_{NOT_XML}_*.xml")
    xml.write_text("EPU was here\n")
    model = image.with_name("Atlas.dm")
    model.write_bytes(model.read_bytes()[: model.stat().st_size // 2])


def _content(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def _sample(service: RunningService) -> int:
    return max(sample for sample, grid in service.grids().items() if grid["atlas_id"] is not None)


def _tiles(service: RunningService) -> list[dict[str, Any]]:
    grids = [sample for sample, grid in service.grids().items() if grid["atlas_id"] is not None]
    return service.tiles(max(grids)) if grids else []


def _tile(service: RunningService, index: int) -> dict[str, Any]:
    return next(tile for tile in _tiles(service) if tile["index"] == index)


def _states(service: RunningService) -> list[str]:
    return [tile["state"] for tile in _tiles(service)]


def _complaints(service: RunningService) -> dict[str, str]:
    lines = service.get("/files", state=["failed", "waiting"])["items"]
    return {line["path"]: line["reason"] for line in lines}


def _scored(service: RunningService, sample: int) -> list[dict[str, Any]]:
    squares = service.squares(sample)
    return squares if squares and all(s["status"] != "waiting" for s in squares) else []


def _watch_state(service: RunningService) -> str:
    (ingester,) = service.get("/ingesters")["items"]
    return str(ingester["state"])
