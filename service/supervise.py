"""Several processes as one: started together, started again when one dies, stopped together."""

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import IO

STEADY_S = 60.0
"""A child that ran so long starts again at once when it dies, others wait longer each time."""

LONGEST_WAIT_S = 30.0
TICK_S = 0.2
LOG_BYTES = 10 * 2**20


@dataclass(frozen=True)
class Program:
    """A child to run.

    Attributes:
        name: for people.
        command: its command line.
        environment: all of its variables.
        log: where its output goes.
        ends: it has an end of its own, with status 0; others are started again whenever they end.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    ends: bool = False


@dataclass
class Child:
    """A program and its present process."""

    program: Program
    process: subprocess.Popen[bytes]
    started_s: float
    failures: int = 0
    start_again_s: float | None = None


@dataclass
class Supervisor:
    """Keeps programs running.

    Attributes:
        programs: in the order of starting; they are stopped in the opposite order.
        say: is told, in one line, when a child died and when it starts again.
        stop_s: how long a child may take to stop before it is killed.
    """

    programs: Sequence[Program]
    say: Callable[[str], None]
    stop_s: float = 15.0
    children: list[Child] = field(default_factory=list, init=False)

    def run(self, stop: Event, tick: Callable[[], None] = lambda: None) -> None:
        """Run the programs until told to stop; then stop them all and wait for their ends.

        Args:
            stop: Ends it.
            tick: Is called several times a second.
        """
        try:
            for program in self.programs:
                self.children.append(Child(program, start(program), time.monotonic()))
            while not stop.wait(TICK_S):
                for child in self.children:
                    self._look_after(child)
                tick()
        finally:
            self.stop()

    def stop(self) -> None:
        """Stop all children: asked at once, killed when they take too long."""
        running = [child.process for child in self.children if child.process.poll() is None]
        for process in reversed(running):
            process.terminate()
        deadline = time.monotonic() + self.stop_s
        for process in running:
            _wait(process, max(0.0, deadline - time.monotonic()))
        for child in self.children:
            _cut_lifeline(child.process)

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.start_again_s is None:
            status = child.process.poll()
            if status is not None and not (status == 0 and child.program.ends):
                self._plan_restart(child, now)
        elif now >= child.start_again_s:
            _cut_lifeline(child.process)
            child.process, child.started_s = start(child.program), now
            child.start_again_s = None
            self.say(f"{child.program.name} started again")

    def _plan_restart(self, child: Child, now: float) -> None:
        child.failures = 0 if now - child.started_s > STEADY_S else child.failures + 1
        wait_s = min(LONGEST_WAIT_S, 0.5 * 2**child.failures) if child.failures else 0.0
        child.start_again_s = now + wait_s
        again = f"in {wait_s:.0f} s" if wait_s else "at once"
        self.say(
            f"{child.program.name} ended with status {child.process.returncode}, starting it again"
            f" {again}; last in {child.program.log}: {read_last_line(child.program.log)}"
        )


def start(program: Program) -> "subprocess.Popen[bytes]":
    """Start a program in a session of its own, with a lifeline to this process as its input."""
    program.log.parent.mkdir(parents=True, exist_ok=True)
    with open_log(program.log) as log:
        return subprocess.Popen(
            program.command,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=dict(program.environment),
            start_new_session=True,
        )


def read_last_line(path: Path) -> str:
    """Read the last line that a log has, cut to what fits a terminal."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4096))
        lines = file.read().decode(errors="replace").splitlines()
    return next((line[:200] for line in reversed(lines) if line.strip()), "(nothing)")


def _wait(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    """Wait for a process that was asked to stop; kill it when it has not after so long."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _cut_lifeline(process: "subprocess.Popen[bytes]") -> None:
    if process.stdin is not None:
        process.stdin.close()


def open_log(path: Path) -> IO[bytes]:
    """Open a log for appending; a large one is first put aside, where one earlier one is kept."""
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_suffix(path.suffix + ".1"))
    return path.open("ab")
