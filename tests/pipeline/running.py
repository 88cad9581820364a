"""A running `xcryonet run`, and questions to it."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx2

Found = TypeVar("Found")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class RunningService:
    """`xcryonet run` over a folder; can be stopped and started again over the same data."""

    def __init__(self, watch: Path, data: Path) -> None:
        self._watch = watch
        self._data = data
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.api = httpx2.Client(base_url=f"http://127.0.0.1:{self._port}/api/v1", timeout=30)

    def start(self) -> None:
        command = [sys.executable, "-m", "service.cli", "run", "--watch", str(self._watch)]
        command += ["--data", str(self._data), "--port", str(self._port)]
        self._process = subprocess.Popen(command)
        wait_for("the service to answer", self._answers, timeout_s=120)

    @property
    def pid(self) -> int | None:
        """The supervisor's process."""
        return self._process.pid if self._process is not None else None

    def stop(self) -> int:
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGINT)
        status = self._process.wait(timeout=60)
        self._process = None
        return status

    def close(self) -> None:
        """Stop, and hang up."""
        try:
            self.stop()
        finally:
            self.api.close()

    def get(self, path: str, **params: str | int | list[str]) -> Any:
        answer = self.api.get(path, params=params)
        answer.raise_for_status()
        return answer.json()

    def grids(self) -> dict[int, dict[str, Any]]:
        return {grid["sample"]: grid for grid in self.get("/grids")["items"]}

    def squares(self, sample: int) -> list[dict[str, Any]]:
        grid = self.grids().get(sample)
        if grid is None:
            return []
        items: list[dict[str, Any]] = self.get(f"/grids/{grid['id']}/squares", limit=5000)["items"]
        return items

    def atlas(self, sample: int) -> dict[str, Any] | None:
        grid = self.grids().get(sample)
        if grid is None or grid["atlas_id"] is None:
            return None
        found: dict[str, Any] = self.get(f"/atlases/{grid['atlas_id']}")
        return found

    def tiles(self, sample: int) -> list[dict[str, Any]]:
        atlas = self.atlas(sample)
        if atlas is None:
            return []
        items: list[dict[str, Any]] = self.get(f"/atlases/{atlas['id']}/tiles")["items"]
        return items

    def is_finished(self, sample: int) -> bool:
        """Whether an atlas is complete and none of its squares waits for a score."""
        atlas = self.atlas(sample)
        if atlas is None or not atlas["complete"]:
            return False
        squares = self.squares(sample)
        return bool(squares) and all(square["status"] != "waiting" for square in squares)

    def _answers(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise AssertionError(f"the service ended with {self._process.returncode}")
        try:
            return self.api.get(f"http://127.0.0.1:{self._port}/readyz").status_code == 200
        except httpx2.TransportError:
            return False


def wait_for(
    what: str, ask: Callable[[], Found], *, timeout_s: float, pause_s: float = 0.5
) -> Found:
    """Ask until the answer is true.

    Raises:
        AssertionError: it never was.
    """
    until = time.monotonic() + timeout_s
    while not (found := ask()):
        if time.monotonic() > until:
            raise AssertionError(f"waited {timeout_s:.0f} s for {what}, in vain")
        time.sleep(pause_s)
    return found
