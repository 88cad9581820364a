"""A PostgreSQL server of one's own on a unix socket, gone when the block ends."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.needs import Part, needs

_SETTINGS = "-c listen_addresses='' -c fsync=off -c full_page_writes=off"
_FORGETFUL = " -c synchronous_commit=off"


@dataclass(frozen=True)
class PostgresServer:
    """A server that can be stopped and started again over the same data."""

    url: str
    folder: Path
    control: tuple[str, ...]
    options: str

    def start(self) -> None:
        """Start it."""
        words = ["-l", str(self.folder / "log"), "-o", self.options, "start"]
        _run(self.folder, [*self.control, *words])

    def stop(self) -> None:
        """Stop it at once, as a power cut would."""
        _run(self.folder, [*self.control, "-m", "immediate", "stop"])


@contextmanager
def postgres_server() -> Iterator[str]:
    """Start a server with an empty database; yield its SQLAlchemy URL."""
    with stoppable_postgres(_SETTINGS + _FORGETFUL) as server:
        yield server.url


@contextmanager
def stoppable_postgres(settings: str = _SETTINGS) -> Iterator[PostgresServer]:
    """Start a server with an empty database; yield it. What it has committed outlives its stop."""
    programs = needs(Part.POSTGRES)
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")  # the server refuses to run as root
    data = str(folder / "data")
    try:
        _run(
            folder,
            [str(programs / "initdb"), "-D", data, "-U", "xcryonet", "--auth=trust", "--no-sync"],
        )
        options = f"{settings} -c unix_socket_directories={folder}"
        control = (str(programs / "pg_ctl"), "-D", data, "-w")
        url = f"postgresql+psycopg://xcryonet@/postgres?host={folder}"
        server = PostgresServer(url, folder, control, options)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(folder: Path, command: list[str]) -> None:
    user = "postgres" if os.geteuid() == 0 else None
    subprocess.run(
        command,
        check=True,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
        user=user,
        group=user,
        extra_groups=[] if user else None,
    )
