"""The composed service on a real engine: from files in the mount to a ranked list over REST."""

from pathlib import Path

import pytest

from tests.container.engine import CommandFailedError, run
from tests.container.session import write_small_session
from tests.container.stack import Answer, Stack, wait_for
from tests.needs import ROOT, Part, needs

pytestmark = [pytest.mark.container, pytest.mark.timeout(1800)]

OURS = ("web", "worker", "ingest")


def test_a_session_written_into_the_mount_becomes_a_ranked_list(stack: Stack) -> None:
    write_small_session(stack.epu)
    before = _listing(stack.epu)

    grid = wait_for(lambda: _find_scored_grid(stack), limit_s=600)

    assert grid is not None, f"nothing was scored in time\n{stack.logs()}"
    answer = stack.get(f"/api/v1/grids/{grid['id']}/squares?sort=-overall&limit=1000")
    ranked = [square for square in answer["items"] if square["status"] == "scored"]
    scores = [square["overall"] for square in ranked]
    assert answer["total"] == grid["squares"]
    assert len(ranked) >= 3
    assert [square["rank"] for square in ranked] == list(range(1, len(ranked) + 1))
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 4 for score in scores)
    assert stack.get_bytes(ranked[0]["thumbnail_url"]).startswith((b"\x89PNG", b"\xff\xd8"))
    assert _listing(stack.epu) == before


def test_the_page_and_its_assets_are_in_the_image(stack: Stack) -> None:
    page = stack.get_bytes("/").decode()

    assert "<html" in page
    assert "/static/" in page
    assert stack.get_bytes("/static/vendor/openseadragon/openseadragon.min.js")


def test_nobody_reads_without_a_token(stack: Stack) -> None:
    assert stack.status("/api/v1/grids", token="") == 401


@pytest.mark.parametrize("service", OURS)
def test_no_process_of_ours_is_root_or_can_write_its_root(stack: Stack, service: str) -> None:
    assert stack.execute(service, "id", "-u").strip() == "10001"
    with pytest.raises(CommandFailedError, match="Read-only"):
        stack.execute(service, "touch", "/opt/venv/written")


def test_the_epu_folder_cannot_be_written_from_inside(stack: Stack) -> None:
    with pytest.raises(CommandFailedError, match="Read-only"):
        stack.execute("ingest", "touch", "/epu/written")


def test_only_the_worker_has_torch(stack: Stack) -> None:
    assert "torch" in stack.execute("worker", "python", "-c", "import torch; print('torch')")
    with pytest.raises(CommandFailedError, match="No module named 'torch'"):
        stack.execute("web", "python", "-c", "import torch")


def test_the_gpu_file_asks_for_a_gpu_for_the_worker_alone(tmp_path: Path) -> None:
    needs(Part.DOCKER)
    settings = tmp_path / "env"
    settings.write_text("POSTGRES_PASSWORD=x\nEPU_FOLDER=/epu\n")

    shown = _config(settings, "-f", "docker-compose.yml", "-f", "docker-compose.gpu.yml")

    assert shown.count("capabilities") == 1
    assert "driver: nvidia" in shown.split("  worker:")[1].split("\nvolumes:")[0]


@pytest.mark.parametrize("missing", ["POSTGRES_PASSWORD", "EPU_FOLDER"])
def test_compose_refuses_to_start_without_password_or_folder(tmp_path: Path, missing: str) -> None:
    needs(Part.DOCKER)
    given = {"POSTGRES_PASSWORD": "x", "EPU_FOLDER": "/epu"}
    settings = tmp_path / "env"
    settings.write_text("".join(f"{n}={v}\n" for n, v in given.items() if n != missing))

    with pytest.raises(CommandFailedError, match=f"set {missing} in .env"):
        _config(settings, "-f", "docker-compose.yml")


def _find_scored_grid(stack: Stack) -> Answer | None:
    """Find the grid once its tiles are placed and all of its squares have an answer."""
    for grid in stack.get("/api/v1/grids")["items"]:
        squares = stack.get(f"/api/v1/grids/{grid['id']}/squares?limit=1000")["items"]
        waiting = [square for square in squares if square["status"] == "waiting"]
        if squares and not waiting and grid["state"] == "acquired":
            found: Answer = grid
            return found
    return None


def _listing(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Get every file and folder with size, mode and time of its last change."""
    found = {str(path.relative_to(folder)): path.stat() for path in folder.rglob("*")}
    return {name: (stat.st_size, stat.st_mode, stat.st_mtime_ns) for name, stat in found.items()}


def _config(settings: Path, *files: str) -> str:
    start = ("docker-compose", "--project-directory", ROOT, "--env-file", settings)
    return run(*start, *files, "config", timeout_s=300)
