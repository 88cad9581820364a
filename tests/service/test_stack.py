import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from service.commands.errors import CommandError, WrongUseError
from service.settings import Settings
from service.stack import (
    check_folders,
    check_port_free,
    find_free_port,
    list_gpus,
    local_host,
    make_programs,
    page_address,
)
from tests.needs import ROOT
from tests.service.workers import wait_until


def test_the_data_folder_may_not_lie_in_the_watched_folder(tmp_path: Path) -> None:
    with pytest.raises(WrongUseError, match="never written to"):
        check_folders(tmp_path / "epu" / "data", tmp_path / "epu")
    check_folders(tmp_path / "data", tmp_path / "epu")


def test_the_watched_folder_may_not_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "epu").touch()
    with pytest.raises(WrongUseError, match="found a file"):
        check_folders(tmp_path / "data", tmp_path / "epu")


def test_a_port_in_use_is_found_out_before_anything_starts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with pytest.raises(CommandError, match="give another --port"):
            check_port_free("127.0.0.1", taken.getsockname()[1])
        free = find_free_port("127.0.0.1")
    check_port_free("127.0.0.1", free)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000/"),
        ("0.0.0.0", "http://127.0.0.1:8000/"),
        ("::", "http://[::1]:8000/"),
        ("microscope.example", "http://microscope.example:8000/"),
    ],
)
def test_the_page_is_named_as_this_machine_reaches_it(host: str, address: str) -> None:
    assert page_address(Settings(host=host)) == address


def test_each_gpu_has_a_worker_that_sees_no_other(tmp_path: Path) -> None:
    def workers(gpus: list[str], device: str = "auto") -> list[str | None]:
        settings = Settings(data_dir=tmp_path / "data", device=device)
        programs = make_programs(settings, tmp_path / "epu", "token", gpus)
        found = [program for program in programs if program.name.startswith("worker")]
        return [program.environment.get("CUDA_VISIBLE_DEVICES") for program in found]

    assert workers(["0", "1", "GPU-7a"]) == ["0", "1", "GPU-7a"]
    assert len(workers([])) == len(workers(["0"])) == len(workers(["0", "1"], device="cpu")) == 1


def test_gpus_are_those_of_the_driver_unless_cuda_is_told_otherwise(tmp_path: Path) -> None:
    for name in ("0000:17:00.0", "0000:65:00.0"):
        (tmp_path / name).mkdir()

    assert list_gpus("", tmp_path) == []
    assert list_gpus("3, GPU-7a", tmp_path) == ["3", "GPU-7a"]
    assert list_gpus(None, tmp_path) in (["0", "1"], list_gpus())
    assert list_gpus("", tmp_path / "none") == []


def test_a_name_is_no_address() -> None:
    assert local_host("localhost") == "localhost"


def test_secrets_travel_in_the_environment_and_not_in_the_command_line(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url="postgresql+psycopg://me:pa55w0rd@db/x")

    web, worker, ingest = make_programs(settings, tmp_path / "epu", token="xcn_hidden")

    words = [*web.command, *worker.command, *ingest.command]
    assert not any("pa55w0rd" in word or "xcn_" in word for word in words)
    assert web.environment["XCRYONET_DATABASE_URL"] == settings.database_url
    assert ingest.environment["XCRYONET_TOKEN"] == "xcn_hidden"
    assert "XCRYONET_TOKEN" not in web.environment


def test_run_starts_everything_says_where_and_stops_everything(tmp_path: Path) -> None:
    epu, data, said = tmp_path / "epu", tmp_path / "data", tmp_path / "said"
    epu.mkdir()
    port = find_free_port("127.0.0.1")
    words = ["run", "--watch", str(epu), "--data", str(data), "--port", str(port)]
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "service.cli", *words], cwd=ROOT, stdout=output, env={}
        )
    try:
        wait_until(lambda: f"open http://127.0.0.1:{port}/" in said.read_text())
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=30) as answer:
            assert answer.status == 200
        children = list_children(process.pid)
        process.send_signal(signal.SIGTERM)
        status = process.wait(60)
    finally:
        process.kill()
        process.wait()

    assert status == 0
    assert len(children) == 3
    assert not any(Path(f"/proc/{child}").exists() for child in children)
    assert said.read_text().splitlines()[-1] == "stopped"
    assert {path.name for path in (data / "logs").iterdir()} == {
        "web.log",
        "worker.log",
        "ingest.log",
    }


def list_children(pid: int) -> list[int]:
    """List the processes whose parent this is."""
    words = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(word) for word in words]
