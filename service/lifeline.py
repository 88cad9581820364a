"""A child process that ends with its parent, however the parent ends, on every operating system.

The parent holds the writing end of the child's standard input and never writes. When the parent is
gone, even by `kill -9`, the child reads the end of the file and asks itself to stop.
"""

import os
import signal
from threading import Thread, Timer
from typing import TextIO

KILL_AFTER_S = 20.0
"""A child that has not stopped by then is stopped without asking."""


def hold_lifeline(stream: TextIO) -> None:
    """End this process, politely and then not, when `stream` ends."""
    Thread(target=_watch, args=(stream,), name="lifeline", daemon=True).start()


def _watch(stream: TextIO) -> None:
    while stream.read(1):
        pass
    timer = Timer(KILL_AFTER_S, os._exit, args=(1,))
    timer.daemon = True
    timer.start()
    os.kill(os.getpid(), signal.SIGTERM)
