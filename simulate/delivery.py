"""How bytes reach the disk: at once, in two parts, or under another name first."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Delivery(StrEnum):
    """Ways in which acquisition software and copy programs write a file."""

    DIRECT = "direct"
    SPLIT = "split"
    RENAMED = "renamed"


@dataclass(frozen=True)
class Writer:
    """Writes files one way.

    `pause_s` lies between the parts of a split file; `ahead_s` dates files into the future.
    """

    how: Delivery = Delivery.DIRECT
    pause_s: float = 0.0
    ahead_s: float = 0.0
    sleep: Callable[[float], None] = time.sleep

    def write(self, path: Path, data: bytes) -> None:
        """Write one file; its folder is made if need be."""
        path.parent.mkdir(parents=True, exist_ok=True)
        if self.how is Delivery.SPLIT:
            self._write_in_parts(path, data)
        elif self.how is Delivery.RENAMED:
            partial = path.with_name(path.name + ".tmp")
            partial.write_bytes(data)
            partial.replace(path)
        else:
            path.write_bytes(data)
        if self.ahead_s:
            moment = time.time() + self.ahead_s
            os.utime(path, (moment, moment))

    def _write_in_parts(self, path: Path, data: bytes) -> None:
        half = len(data) // 2
        with path.open("wb") as stream:
            stream.write(data[:half])
            stream.flush()
            self.sleep(self.pause_s)
            stream.write(data[half:])
