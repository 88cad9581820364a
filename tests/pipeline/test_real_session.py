"""The whole road on a real session: replayed as EPU writes it, watched, ranked, asked by REST."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingest.epu import AtlasDmNode, read_atlas_dm
from tests.needs import Part, needs
from tests.pipeline.running import RunningService, wait_for

pytestmark = [pytest.mark.real, pytest.mark.timeout(1800)]

SAMPLES = (2, 4)
ATLAS_SIZE_PX = (4000, 3966)


@dataclass(frozen=True)
class FinishedSession:
    service: RunningService
    folder: Path
    first_squares: list[dict[str, Any]]
    first_tiles: int


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FinishedSession]:
    """Watch from before the first tile to the end, with a stop and a start in the middle."""
    replay = needs(Part.SHARED, "real-session") / "replay.py"
    folder = tmp_path_factory.mktemp("epu")
    service = RunningService(folder, tmp_path_factory.mktemp("data"))
    try:
        service.start()
        _replay(replay, folder, "--samples", "2", "--tiles", "2")
        first = wait_for("squares of the first tiles", lambda: _scored(service, 2), timeout_s=180)
        first_tiles = len(service.tiles(2))
        rest = subprocess.Popen(_command(replay, folder, "--samples", "2", "4"))
        wait_for("ten tiles", lambda: len(service.tiles(2)) >= 10, timeout_s=180)
        assert service.stop() == 0
        service.start()
        assert rest.wait(timeout=600) == 0
        for sample in SAMPLES:
            wait_for(f"grid {sample}", lambda s=sample: service.is_finished(s), timeout_s=900)
        yield FinishedSession(service, folder, first, first_tiles)
    finally:
        service.close()


@pytest.fixture(scope="module")
def screened(
    session: FinishedSession, tmp_path_factory: pytest.TempPathFactory
) -> list[dict[str, Any]]:
    """What `xcryonet screen` says of the finished folder."""
    out = tmp_path_factory.mktemp("screen") / "squares.json"
    command = [
        sys.executable,
        "-m",
        "service.cli",
        "screen",
        str(session.folder),
        "--out",
        str(out),
    ]
    subprocess.run(command, check=True)
    squares: list[dict[str, Any]] = json.loads(out.read_text())["squares"]
    return squares


def test_squares_of_the_first_tile_are_ranked_before_the_third_is_written(
    session: FinishedSession,
) -> None:
    assert session.first_tiles <= 2
    assert session.first_squares[0]["rank"] == 1
    assert session.first_squares[0]["overall"] is not None


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_finished_grid_is_complete_and_every_square_counts_once(
    session: FinishedSession, sample: int
) -> None:
    grid, squares = session.service.grids()[sample], session.service.squares(sample)

    assert (grid["tiles_placed"], grid["tiles_failed"], grid["tiles_waiting"]) == (35, 0, 0)
    assert {square["status"] for square in squares} <= {"scored", "partial", "out_of_domain"}
    centres = np.array([(s["center_x_px"], s["center_y_px"]) for s in squares])
    apart = np.linalg.norm(centres[:, None] - centres[None], axis=2) + 1e6 * np.eye(len(centres))
    assert apart.min() > 60
    nodes = [s["epu_node_id"] for s in squares if s["epu_node_id"] is not None]
    assert len(nodes) == len(set(nodes))
    assert [s["rank"] for s in squares] == list(range(1, len(squares) + 1))


def test_no_file_of_a_finished_session_waits_or_failed(session: FinishedSession) -> None:
    def left() -> list[dict[str, Any]]:
        found = session.service.get("/files", state=["waiting", "failed"], limit=500)
        items: list[dict[str, Any]] = found["items"]
        return items

    wait_for("the last files' lines", lambda: not left(), timeout_s=30)


@pytest.mark.parametrize("sample", SAMPLES)
def test_epus_own_squares_are_found_and_carry_their_node_ids(
    session: FinishedSession, sample: int
) -> None:
    squares = {s["epu_node_id"]: s for s in session.service.squares(sample)}
    wanted = [node for node in _nodes(session.folder, sample) if _counts(node)]
    found = [
        node
        for node in wanted
        if node.node_id in squares
        and np.hypot(
            squares[node.node_id]["center_x_px"] - node.center_px[0],
            squares[node.node_id]["center_y_px"] - node.center_px[1],
        )
        <= 10
    ]

    assert len(found) >= 0.98 * len(wanted)


def test_screening_the_finished_folder_gives_the_same_squares_and_ranking(
    session: FinishedSession, screened: list[dict[str, Any]]
) -> None:
    for sample in SAMPLES:
        online = session.service.squares(sample)
        offline = [square for square in screened if square["sample"] == sample]
        places = [
            [(round(s["center_x_px"], 2), round(s["center_y_px"], 2)) for s in squares]
            for squares in (online, offline)
        ]
        assert sorted(places[0]) == sorted(places[1])
        overall = [
            dict(zip(where, [s["overall"] for s in squares], strict=True))
            for where, squares in zip(places, (online, offline), strict=True)
        ]
        assert max(abs((overall[0][p] or 0) - (overall[1][p] or 0)) for p in places[0]) < 1e-3
        # squares as good as equal may change places: batches are put together differently
        ranks = {place: rank for rank, place in enumerate(places[1])}
        for rank, place in enumerate(places[0]):
            other = places[0][ranks[place]]
            assert abs((overall[0][place] or 0) - (overall[0][other] or 0)) < 2e-3, (rank, place)


def test_labels_of_both_grids_come_back(session: FinishedSession) -> None:
    chosen = [session.service.squares(sample)[0]["id"] for sample in SAMPLES]
    rows = [
        {"square_id": square, "author": "tester", "overall": 3.5, "client_id": f"label-{i}"}
        for i, square in enumerate(chosen)
    ]

    posted = session.service.api.post("/labels", json=rows)

    assert posted.status_code in {200, 201}, posted.text
    labels = session.service.get("/labels")["items"]
    assert {label["square_id"] for label in labels} >= set(chosen)


def test_a_wrong_label_is_refused_with_its_row(session: FinishedSession) -> None:
    square = session.service.squares(2)[0]["id"]
    good = {"square_id": square, "author": "tester", "overall": 2, "client_id": "good"}
    before = session.service.get("/labels")["total"]

    refused = session.service.api.post("/labels", json=[good, good | {"overall": 7}])

    assert refused.status_code == 422
    assert "1" in refused.text
    assert session.service.get("/labels")["total"] == before


def test_nothing_was_written_into_epus_folder(session: FinishedSession) -> None:
    names = {path.suffix for path in session.folder.rglob("*") if path.is_file()}

    assert names == {".mrc", ".xml", ".jpg", ".dm"}


def _scored(service: RunningService, sample: int) -> list[dict[str, Any]]:
    squares = service.squares(sample)
    return squares if squares and squares[0]["overall"] is not None else []


def _command(replay: Path, folder: Path, *words: str) -> list[str]:
    return [sys.executable, str(replay), str(folder), *words]


def _replay(replay: Path, folder: Path, *words: str) -> None:
    subprocess.run(_command(replay, folder, *words), check=True)


def _nodes(folder: Path, sample: int) -> list[AtlasDmNode]:
    (path,) = folder.glob(f"*/Sample{sample}/Atlas/Atlas.dm")
    return [node for tile in read_atlas_dm(path).tiles for node in tile.nodes]


def _counts(node: AtlasDmNode) -> bool:
    """EPU's nodes that are sure: of some quality and size, and whole on the atlas."""
    cos, sin = abs(np.cos(node.rotation_rad)), abs(np.sin(node.rotation_rad))
    half_x = (node.size_px[0] * cos + node.size_px[1] * sin) / 2
    half_y = (node.size_px[0] * sin + node.size_px[1] * cos) / 2
    whole = (
        half_x <= node.center_px[0] <= ATLAS_SIZE_PX[0] - half_x
        and half_y <= node.center_px[1] <= ATLAS_SIZE_PX[1] - half_y
    )
    return whole and (node.quality or 0) > 0.5 and min(node.size_px) > 60
