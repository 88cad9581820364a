"""The service as docker-compose.yml describes it, with settings of a test."""

import json
import socket
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tests.container.engine import Engine
from tests.needs import ROOT

T = TypeVar("T")


@dataclass(frozen=True)
class Stack:
    """One composed service: where its EPU folder is on the host, and where it answers."""

    engine: Engine
    epu: Path
    settings: Path
    port: int

    @classmethod
    def prepare(cls, engine: Engine, folder: Path, port: int) -> "Stack":
        """Write the settings and make the folder that EPU would write."""
        epu = folder / "epu"
        epu.mkdir()
        epu.chmod(0o755)
        settings = folder / "env"
        settings.write_text(
            "POSTGRES_PASSWORD=a password: with/every@kind of#character\n"
            f"EPU_FOLDER={epu}\n"
            f"XCRYONET_PUBLISH=127.0.0.1:{port}\n"
        )
        return cls(engine, epu, settings, port)

    @property
    def compose(self) -> tuple[str | Path, ...]:
        """Get the start of every docker-compose command for this service."""
        files = ("--project-directory", ROOT, "-f", ROOT / "docker-compose.yml")
        return ("docker-compose", "--env-file", self.settings, "-p", "xcryonet-test", *files)

    def up(self) -> None:
        """Start all containers; returns when the web process is healthy."""
        self.engine.run(*self.compose, "up", "-d", timeout_s=300)

    def down(self) -> None:
        """Remove all containers with what they stored."""
        self.engine.run(*self.compose, "down", "-v", "--remove-orphans", timeout_s=120)

    def execute(self, service: str, *command: str) -> str:
        """Run a command inside a running container, get what it prints."""
        return self.engine.run(*self.compose, "exec", "-T", service, *command)

    def logs(self) -> str:
        """Get the last lines of every container."""
        return self.engine.run(*self.compose, "logs", "--no-color", "--tail=40")

    def get(self, path: str) -> dict[str, object]:
        """Ask the REST interface."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as answer:
            body: dict[str, object] = json.load(answer)
            return body


def free_port() -> int:
    """Find a port of the loopback interface that nothing uses now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(look: Callable[[], T | None], limit_s: float) -> T | None:
    """Look again and again until there is an answer; None when there was none in time."""
    end = time.monotonic() + limit_s
    while (seen := look()) is None and time.monotonic() < end:
        time.sleep(1)
    return seen
