"""One line that says how far everything is, kept up to date where a terminal is there."""

import socket
import sys
import time
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError

from service.database import Database
from service.queries.overview import Overview, get_overview

LOOK_S = 1.0
"""How often a terminal's line is brought up to date."""

WRITE_S = 10.0
"""How often, at most, a new line is written where there is no terminal."""


class StateLine:
    """The line, and whether the web process answers."""

    def __init__(self, database: Database, address: tuple[str, int]) -> None:
        """Prepare; `address` is where the web process will answer."""
        self._database = database
        self._address = address
        self._is_up = False
        self._next_s = 0.0
        self._shown = ""
        self._terminal = sys.stdout.isatty()

    def tick(self, when_up: Callable[[], None]) -> None:
        """Look whether there is something new, but not too often; call `when_up` once."""
        if time.monotonic() < self._next_s:
            return
        if not self._is_up:
            self._next_s = time.monotonic() + LOOK_S / 4
            self._is_up = self._answers()
            if self._is_up:
                when_up()
            return
        self._next_s = time.monotonic() + (LOOK_S if self._terminal else WRITE_S)
        try:
            with self._database.read() as session:
                self._show(describe(get_overview(session)))
        except DBAPIError as error:
            self._show(f"database: {error.orig}")

    def interrupt(self, say: Callable[[str], None]) -> Callable[[str], None]:
        """Make a `say` that does not write into the line."""

        def interrupting(text: str) -> None:
            self.end()
            say(text)

        return interrupting

    def end(self) -> None:
        """Leave the line as it is and go to the next."""
        if self._terminal and self._shown:
            sys.stdout.write("\n")
            sys.stdout.flush()
        self._shown = ""

    def _show(self, text: str) -> None:
        if text == self._shown:
            return
        if self._terminal:
            sys.stdout.write(f"\r{text:{len(self._shown)}}")
        else:
            sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
        self._shown = text

    def _answers(self) -> bool:
        try:
            with socket.create_connection(self._address, timeout=0.2):
                return True
        except OSError:
            return False


def describe(found: Overview) -> str:
    """Say the state in one line of plain text."""
    workers = "no worker yet" if not found.workers else f"{found.workers} worker"
    dead = f" | {found.dead_jobs} jobs given up" if found.dead_jobs else ""
    return (
        f"grids {found.grids} | tiles {found.tiles} | squares {found.squares},"
        f" scored {found.scored} | {workers}{'s' if found.workers > 1 else ''}{dead}"
    )
