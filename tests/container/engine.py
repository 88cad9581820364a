"""A Docker engine to test with: the one that runs on this machine, or a private one.

A private engine has its own socket and data, ends with the test run, and gets stand-ins for the
public images: a machine that has no engine running may reach no image registry either.
"""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.needs import ROOT

PYTHON_IMAGE = "python:3.11-slim-bookworm"
POSTGRES_IMAGE = "postgres:15-bookworm"
IMAGES = Path(__file__).parent / "images"
SCRATCH = ROOT / "scratch" / "container"
"""Where a private engine keeps its layers, and the base image between runs; git ignores it."""


class CommandFailedError(Exception):
    """A command ended with an error; the message has its last lines."""


@dataclass(frozen=True)
class Engine:
    """An engine by its socket; `socket` is None for the one the docker command finds by itself."""

    socket: Path | None = None

    def run(self, *command: str | Path, timeout_s: float = 300) -> str:
        """Run a docker or docker-compose command against this engine; fails as `run` does."""
        host = [f"DOCKER_HOST=unix://{self.socket}"] if self.socket else []
        # Debian's engine has no buildx, which newer clients would call by themselves.
        return run("env", *host, "DOCKER_BUILDKIT=0", *command, timeout_s=timeout_s)

    def answers(self) -> bool:
        """Tell whether the engine is there."""
        try:
            self.run("docker", "info", timeout_s=20)
        except (CommandFailedError, subprocess.TimeoutExpired):
            return False
        return True


def run(*command: str | Path, timeout_s: float) -> str:
    """Run a command, get what it prints.

    Raises:
        CommandFailedError: When it ends with an error.
    """
    done = subprocess.run(
        [str(word) for word in command],
        check=False,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        cwd=ROOT,
    )
    if done.returncode != 0:
        tail = (done.stdout + done.stderr)[-4000:]
        raise CommandFailedError(f"{' '.join(map(str, command))}: exit {done.returncode}\n{tail}")
    return done.stdout


@contextmanager
def private_engine() -> Iterator[Engine]:
    """Run an engine of our own (as root) until the block ends; nothing of it stays."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    bridge_was_there = Path("/sys/class/net/docker0").exists()
    # Sockets need short paths; layers need a real disk, which /tmp may not be.
    with (
        tempfile.TemporaryDirectory(prefix="engine-") as run_dir,
        tempfile.TemporaryDirectory(prefix="layers-", dir=SCRATCH) as data,
        (SCRATCH / "dockerd.log").open("w") as log,
    ):
        engine = Engine(Path(run_dir) / "docker.sock")
        # The engine gets a signal to end when the test run dies, however that happens.
        ends_with_us = ["setpriv", "--pdeathsig", "TERM"]
        folders = ["--data-root", data, "--exec-root", f"{run_dir}/exec"]
        address = ["--pidfile", f"{run_dir}/pid", "--host", f"unix://{engine.socket}"]
        dockerd = subprocess.Popen(
            [*ends_with_us, "dockerd", *folders, *address], stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _wait_for(engine, dockerd)
            yield engine
        finally:
            dockerd.terminate()
            dockerd.wait(timeout=60)
            if not bridge_was_there:
                _delete_bridge()


def add_standins(engine: Engine) -> None:
    """Give an engine the base image that our Dockerfile starts from, made of Debian's packages."""
    tar = SCRATCH / "python-3.11-slim-bookworm.tar"
    if not tar.exists():
        run(IMAGES / "make_base_image", tar, timeout_s=600)
    changes = ["-c", 'CMD ["python3"]', "-c", "ENV LANG=C.UTF-8"]
    engine.run("docker", "import", *changes, tar, PYTHON_IMAGE, timeout_s=120)


def build(engine: Engine, *compose: str | Path) -> None:
    """Build our images as compose says; for a private engine, Postgres' stand-in beside them."""
    with ThreadPoolExecutor() as both:
        ours = both.submit(engine.run, *compose, "build", timeout_s=900)
        if engine.socket is not None:
            folder = IMAGES / "postgres"
            engine.run("docker", "build", "-q", "-t", POSTGRES_IMAGE, folder, timeout_s=600)
        ours.result()


def _wait_for(engine: Engine, dockerd: subprocess.Popen[bytes]) -> None:
    for _ in range(120):
        if dockerd.poll() is not None or engine.answers():
            break
        time.sleep(0.5)
    if not engine.answers():
        log = (SCRATCH / "dockerd.log").read_text()[-3000:]
        raise CommandFailedError(f"the Docker engine does not start:\n{log}")


def _delete_bridge() -> None:
    subprocess.run(["ip", "link", "delete", "docker0"], check=False, capture_output=True)
