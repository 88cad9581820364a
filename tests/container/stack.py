"""The service as docker-compose.yml describes it, with settings of a test."""

import json
import socket
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import HTTPError, URLError

from tests.container.engine import Engine
from tests.needs import ROOT

T = TypeVar("T")
Answer = dict[str, Any]
"""A JSON object of the REST interface, which the tests look into."""


@dataclass(frozen=True)
class Stack:
    """One composed service: where its EPU folder is on the host, and where it answers."""

    engine: Engine
    folder: Path
    port: int

    @property
    def epu(self) -> Path:
        """Get the folder that EPU would write, on the host."""
        return self.folder / "epu"

    @property
    def compose(self) -> tuple[str | Path, ...]:
        """Get the start of every docker-compose command for this service."""
        files = ("--project-directory", ROOT, "-f", ROOT / "docker-compose.yml")
        return ("docker-compose", "--env-file", self.folder / "env", "-p", "xcryonet-test", *files)

    def prepare(self) -> None:
        """Write the settings and make the folder that EPU would write."""
        self.epu.mkdir()
        self.epu.chmod(0o755)
        (self.folder / "env").write_text(
            "POSTGRES_PASSWORD=a password: with/every@kind of#character\n"
            f"EPU_FOLDER={self.epu}\n"
            f"XCRYONET_PUBLISH=127.0.0.1:{self.port}\n"
        )

    def up(self) -> None:
        """Start the service as docs/install.md says: web, the tokens, then all the rest."""
        self.engine.run(*self.compose, "up", "-d", "web", timeout_s=300)
        token = self.add_token("ingest", "ingest")
        with (self.folder / "env").open("a") as settings:
            settings.write(f"XCRYONET_TOKEN={token}\n")
        (self.folder / "token").write_text(self.add_token("operators", "read"))
        self.engine.run(*self.compose, "up", "-d", timeout_s=300)

    def down(self) -> None:
        """Remove all containers with what they stored."""
        self.engine.run(*self.compose, "down", "-v", "--remove-orphans", timeout_s=300)

    def add_token(self, name: str, scope: str) -> str:
        """Make an access token once the web process runs."""
        return self.execute("web", "xcryonet", "token", "create", name, "--scopes", scope).strip()

    def execute(self, service: str, *command: str) -> str:
        """Run a command inside a running container, get what it prints."""
        return self.engine.run(*self.compose, "exec", "-T", service, *command)

    def logs(self) -> str:
        """Get the last lines of every container."""
        return self.engine.run(*self.compose, "logs", "--no-color", "--tail=40")

    def get(self, path: str) -> Answer:
        """Ask the REST interface."""
        answer: Answer = json.loads(self.get_bytes(path))
        return answer

    def get_bytes(self, path: str) -> bytes:
        """Get what an address of the service holds; an error answer is raised."""
        token = (self.folder / "token").read_text()
        with urllib.request.urlopen(self._request(path, token), timeout=60) as answer:
            content: bytes = answer.read()
        return content

    def status(self, path: str, *, token: str) -> int:
        """Get the status with which the service answers."""
        try:
            with urllib.request.urlopen(self._request(path, token), timeout=60) as answer:
                return int(answer.status)
        except HTTPError as error:
            with error:
                return error.code

    def _request(self, path: str, token: str) -> urllib.request.Request:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)


def free_port() -> int:
    """Find a port of the loopback interface that nothing uses now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(look: Callable[[], T | None], limit_s: float) -> T | None:
    """Look again and again until there is something; None when there was nothing in time.

    A busy machine may be slow to answer: that is looked at again as well.
    """
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        with suppress(TimeoutError, URLError):
            if (seen := look()) is not None:
                return seen
        time.sleep(1)
    return None
