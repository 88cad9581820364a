"""A real service in a thread, which can be stopped and started again on the same address."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import uvicorn

from service.app import get_app
from service.job_queue import NoQueue
from service.settings import Settings

LONGEST_S = 20.0


class RunningService:
    """The web process, without a worker: tests say themselves what the scores are."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.url = f"http://127.0.0.1:{settings.port}"
        self._server: uvicorn.Server | None = None
        self._thread: Thread | None = None

    def start(self) -> None:
        app = get_app(self.settings, queue=NoQueue())
        config = uvicorn.Config(
            app, host="127.0.0.1", port=self.settings.port, log_config=None, access_log=False
        )
        self._server = uvicorn.Server(config)
        self._thread = Thread(target=self._server.run, daemon=True)
        self._thread.start()
        end_s = time.monotonic() + LONGEST_S
        while not self._server.started:
            if time.monotonic() > end_s:
                raise TimeoutError("the service did not start")
            time.sleep(0.02)

    def stop(self) -> None:
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(LONGEST_S)
        self._server = None


@contextmanager
def running(settings: Settings) -> Iterator[RunningService]:
    service = RunningService(settings)
    service.start()
    try:
        yield service
    finally:
        service.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
