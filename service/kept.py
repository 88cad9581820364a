"""Answers kept as the bytes that were sent, each for the revision it was made of."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

LARGEST_BYTES = 64 * 2**20
"""All that is kept; what was longest not asked for goes first."""

MOST_ANSWERS = 4096
"""Kept at once: answers of a few bytes would take more room for their keys than for themselves."""


@dataclass
class _Kept:
    version: str = ""
    content: bytes = b""
    making: Lock = field(default_factory=Lock)


class KeptAnswers:
    """What one web process has answered lately: a hundred readers of one list cost one reading.

    Nothing is kept about who asked, so that only answers belong here that are the same for all who
    may ask, and whose version changes with whatever they show.
    """

    def __init__(self, largest: int = LARGEST_BYTES, most: int = MOST_ANSWERS) -> None:
        self._largest = largest
        self._most = most
        self._size = 0
        self._lock = Lock()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def get(self, key: str, version: str, make: Callable[[], bytes]) -> bytes:
        """Get an answer's bytes, made anew if it is not kept in this version.

        Who asks while another makes it waits for that one.

        Args:
            key: what was asked.
            version: of what the answer shows.
            make: the answer, when it has to be made.
        """
        with self._lock:
            kept = self._kept.setdefault(key, _Kept())
            self._kept.move_to_end(key)
            self._push_out()
        with kept.making:
            if kept.version != version:
                self._keep(key, kept, version, self._made(key, kept, make))
            return kept.content

    def find(self, key: str, version: str) -> bytes | None:
        """Find an answer that is kept in this version; None where it would have to be made."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or kept.version != version:
                return None
            self._kept.move_to_end(key)
            return kept.content

    def _keep(self, key: str, kept: _Kept, version: str, content: bytes) -> None:
        with self._lock:
            grown = len(content) - len(kept.content)
            kept.version, kept.content = version, content
            if self._kept.get(key) is not kept:  # pushed out by others meanwhile
                return
            self._size += grown
            self._push_out()

    def _made(self, key: str, kept: _Kept, make: Callable[[], bytes]) -> bytes:
        """Make an answer; where that fails, its place is given up."""
        done = False
        try:
            content = make()
            done = True
        finally:
            if not done:
                self._drop(key, kept)
        return content

    def _drop(self, key: str, kept: _Kept) -> None:
        with self._lock:
            if self._kept.get(key) is kept:
                del self._kept[key]
                self._size -= len(kept.content)

    def _push_out(self) -> None:
        while self._size > self._largest or len(self._kept) > self._most:
            self._size -= len(self._kept.popitem(last=False)[1].content)
