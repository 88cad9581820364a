"""Web, worker and ingest on one machine, started, kept running and stopped by one command."""

import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from secrets import token_hex
from threading import Event

from service.commands.errors import CommandError, WrongUseError
from service.database import Database, migrate
from service.errors import NotFoundError
from service.jobs import make_queue_tables
from service.settings import Settings
from service.state_line import StateLine
from service.supervise import Program, Supervisor
from service.tokens import Scope, create_token, revoke_token


def run_stack(
    settings: Settings,
    watch: Path,
    stop: Event,
    *,
    say: Callable[[str], None],
    when_up: Callable[[str], None],
    beside: Sequence[Program] = (),
) -> None:
    """Run everything until told to stop.

    Args:
        settings: Of the service.
        watch: The folder of EPU's session folders.
        stop: Ends it.
        say: Is told what happens, a line at a time.
        when_up: Is called once with the page's address, when it answers.
        beside: What else is to run.
    """
    check_folders(settings.data_dir, watch)
    check_weights(settings.weights)
    check_port_free(settings.host, settings.port)
    _make_folder(settings.data_dir)
    migrate(settings.url)
    make_queue_tables(settings.url)
    database = Database(settings.url)
    address = page_address(settings)
    line = StateLine(database, (local_host(settings.host), settings.port))
    try:
        with _ingest_token(database) as token:
            programs = [*make_programs(settings, watch, token, list_gpus()), *beside]
            supervisor = Supervisor(programs, say=line.interrupt(say))
            supervisor.run(stop, tick=lambda: line.tick(lambda: when_up(address)))
    finally:
        line.end()
        database.close()


def make_programs(
    settings: Settings, watch: Path, token: str, gpus: Sequence[str] = ()
) -> list[Program]:
    """Say what runs: the web process first, because the others talk to it or its database."""
    ours: dict[str, str] = {
        "XCRYONET_DATA_DIR": str(settings.data_dir.absolute()),
        "XCRYONET_LOG_LEVEL": settings.log_level,
        "XCRYONET_DEVICE": settings.device,
    }
    if settings.database_url is not None:
        ours["XCRYONET_DATABASE_URL"] = settings.database_url
    if settings.weights is not None:
        ours["XCRYONET_WEIGHTS"] = str(settings.weights.absolute())
    url = f"http://{_in_url(local_host(settings.host))}:{settings.port}"
    logs = settings.data_dir / "logs"
    address = ["--host", settings.host, "--port", str(settings.port)]
    ingest = ["--watch", str(watch), "--url", url]
    return [
        make_program("web", ["serve", *address], ours, logs),
        *_make_workers(ours, logs, gpus if settings.device != "cpu" else ()),
        make_program("ingest", ["ingest", *ingest], {"XCRYONET_TOKEN": token}, logs),
    ]


def _make_workers(variables: Mapping[str, str], logs: Path, gpus: Sequence[str]) -> list[Program]:
    """Make one worker for each GPU, which sees no other; one in all where there are not several."""
    if len(gpus) < 2:
        return [make_program("worker", ["worker"], variables, logs)]
    return [
        make_program(f"worker-{gpu}", ["worker"], {**variables, "CUDA_VISIBLE_DEVICES": gpu}, logs)
        for gpu in gpus
    ]


def list_gpus(
    visible: str | None = None, cards: Path = Path("/proc/driver/nvidia/gpus")
) -> list[str]:
    """List the GPUs that workers may use, as CUDA names them.

    Args:
        visible: the present `CUDA_VISIBLE_DEVICES`; None where nobody has set it.
        cards: where NVIDIA's driver lists its cards.
    """
    if visible is None:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")  # noqa: TID251 - CUDA's, not ours
    if visible is not None:
        return [name.strip() for name in visible.split(",") if name.strip()]
    return [str(number) for number, _ in enumerate(sorted(cards.glob("*")))]


def make_program(
    name: str, words: list[str], variables: Mapping[str, str], logs: Path, *, ends: bool = False
) -> Program:
    """Make a program of one of our own commands, tied to this process's life."""
    environment = {**os.environ, **variables}  # noqa: TID251 - a child's, made of ours
    command = [sys.executable, "-m", "service.cli", "--lifeline", *words]
    return Program(name, command, environment, logs / f"{name}.log", ends)


def page_address(settings: Settings) -> str:
    """Get the address to open in a browser on this machine."""
    return f"http://{_in_url(local_host(settings.host))}:{settings.port}/"


def local_host(host: str) -> str:
    """Get the name under which this machine reaches what listens on `host`."""
    with suppress(ValueError):
        address = ip_address(host)
        if address.is_unspecified:
            return "127.0.0.1" if address.version == 4 else "::1"
    return host


def check_folders(data: Path, watch: Path) -> None:
    """Refuse to write into EPU's folder.

    Raises:
        WrongUseError: if the watched folder is a file, or the data folder lies inside it.
    """
    if watch.exists() and not watch.is_dir():
        raise WrongUseError(f"{watch}: expected EPU's folder, found a file")
    if data.resolve().is_relative_to(watch.resolve()):
        raise WrongUseError(
            f"data folder {data.resolve()} lies inside the watched folder {watch.resolve()}, which"
            " is never written to: give another with --data"
        )


def check_weights(weights: Path | None) -> None:
    """Refuse weights that no worker could load, however often it is started.

    Raises:
        WrongUseError: if the file or its card is not there.
    """
    if weights is None:
        return
    for path in (weights, weights.with_suffix(".json")):
        if not path.is_file():
            raise WrongUseError(f"--weights {weights}: expected {path}, found no file")


def _make_folder(data: Path) -> None:
    """Make the data folder.

    Raises:
        CommandError: if the disk refuses.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"--data {data}: {error.strerror}") from error


def check_port_free(host: str, port: int) -> None:
    """Find out before anything starts that the address can be listened on.

    Raises:
        CommandError: if it cannot.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"cannot listen on {host}:{port}: {error.strerror or error}; give another --port"
            ) from error


def find_free_port(host: str) -> int:
    """Find a port that nothing listens on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def _ingest_token(database: Database) -> Iterator[str]:
    """Make a token for the ingest process of this run; it ends with the run."""
    name = f"run-{token_hex(4)}"
    with database.write() as session:
        token = create_token(session, name, [Scope.INGEST])
    try:
        yield token
    finally:
        with suppress(NotFoundError), database.write() as session:
            revoke_token(session, name)


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
