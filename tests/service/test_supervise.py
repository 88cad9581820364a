import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from threading import Event

import pytest

from service.supervise import LOG_BYTES, Program, Supervisor, open_log
from tests.needs import ROOT
from tests.service.workers import wait_until

POLITE = "import signal, time; signal.signal(signal.SIGTERM, lambda *_: exit(0)); time.sleep(60)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"


def program(tmp_path: Path, code: str, name: str = "child") -> Program:
    return Program(name, [sys.executable, "-c", code], {}, tmp_path / "logs" / f"{name}.log")


class StopWhen:
    """A tick that stops the supervisor once a condition holds."""

    def __init__(self, stop: Event, condition: object) -> None:
        self.stop = stop
        self.condition = condition

    def __call__(self) -> None:
        if callable(self.condition) and self.condition():
            self.stop.set()


def test_a_child_that_dies_is_started_again_and_said_so(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor([program(tmp_path, "print('here', flush=True); exit(3)")], said.append)
    stop = Event()

    supervisor.run(stop, StopWhen(stop, lambda: "child started again" in said))

    assert "child ended with status 3" in said[0]
    assert said[0].endswith("here")
    assert (tmp_path / "logs" / "child.log").read_text().startswith("here\n")


def test_all_children_are_stopped_together(tmp_path: Path) -> None:
    programs = [program(tmp_path, POLITE, name) for name in ("one", "two")]
    supervisor = Supervisor(programs, lambda _: None)
    stop = Event()

    supervisor.run(stop, stop.set)

    assert len(supervisor.children) == 2
    assert all(child.process.returncode is not None for child in supervisor.children)


def test_a_child_that_does_not_stop_is_killed(tmp_path: Path) -> None:
    supervisor = Supervisor([program(tmp_path, f"print('up', flush=True); {DEAF}")], print, 0.5)
    stop = Event()
    log = tmp_path / "logs" / "child.log"

    supervisor.run(stop, StopWhen(stop, lambda: log.exists() and "up" in log.read_text()))

    assert supervisor.children[0].process.returncode == -signal.SIGKILL


def test_children_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    parent = textwrap.dedent("""
        import sys, threading
        from pathlib import Path
        from service.supervise import Program, Supervisor
        child = "import sys, time; from service.lifeline import hold_lifeline; " \\
            "hold_lifeline(sys.stdin); import os; print(os.getpid(), flush=True); time.sleep(60)"
        log = Path(sys.argv[1])
        program = Program("child", [sys.executable, "-c", child], {"PYTHONPATH": sys.argv[2]}, log)
        Supervisor([program], print).run(threading.Event())
    """)
    log = tmp_path / "child.log"
    words = [sys.executable, "-c", parent, str(log), str(ROOT)]
    process = subprocess.Popen(words, env={"PYTHONPATH": str(ROOT)})
    wait_until(lambda: log.exists() and log.read_text().strip())
    child = int(log.read_text())

    process.kill()
    process.wait()

    wait_until(lambda: not is_running(child))


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # an orphan that nobody has waited for yet is dead all the same
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"


@pytest.mark.parametrize(("size", "put_aside"), [(LOG_BYTES, False), (LOG_BYTES + 1, True)])
def test_a_large_log_is_put_aside(tmp_path: Path, size: int, put_aside: bool) -> None:
    path = tmp_path / "web.log"
    with path.open("wb") as file:
        file.truncate(size)

    open_log(path).close()

    assert (tmp_path / "web.log.1").exists() is put_aside
    assert path.stat().st_size == (0 if put_aside else size)
