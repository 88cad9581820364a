"""What is tried again later, each time after twice as long."""

from collections.abc import Callable
from dataclasses import dataclass, field

from ingest.records import AtlasKey

FIRST_S, LONGEST_S = 2.0, 120.0
"""When it is tried again first, and how seldom at last."""


@dataclass
class Postponed:
    """Atlases of which something could not be read.

    Args:
        clock: monotonic seconds.
    """

    clock: Callable[[], float]
    _due: dict[AtlasKey, tuple[float, float]] = field(default_factory=dict)

    def put_off(self, key: AtlasKey) -> None:
        """Try it later: one that waits goes on waiting."""
        at, waited_s = self._due.get(key, (0.0, FIRST_S / 2))
        if at <= self.clock():
            wait_s = min(2 * waited_s, LONGEST_S)
            self._due[key] = (self.clock() + wait_s, wait_s)

    def due(self) -> list[AtlasKey]:
        """What is to be tried now."""
        return [key for key, (at, _) in self._due.items() if at <= self.clock()]

    def forget(self, key: AtlasKey) -> None:
        """It has been read."""
        self._due.pop(key, None)
