"""A PostgreSQL server of one's own on a unix socket, gone when the block ends."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.needs import Part, needs

_SETTINGS = "-c listen_addresses='' -c fsync=off -c full_page_writes=off -c synchronous_commit=off"


@contextmanager
def postgres_server() -> Iterator[str]:
    """Start a server with an empty database; yield its SQLAlchemy URL."""
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
        options = f"{_SETTINGS} -c unix_socket_directories={folder}"
        control = [str(programs / "pg_ctl"), "-D", data, "-w"]
        _run(folder, [*control, "-l", str(folder / "log"), "-o", options, "start"])
        try:
            yield f"postgresql+psycopg://xcryonet@/postgres?host={folder}"
        finally:
            _run(folder, [*control, "-m", "immediate", "stop"])
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
