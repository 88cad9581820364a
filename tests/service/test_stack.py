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
