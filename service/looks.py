"""Which grids somebody looks at: their tiles are scored before all others."""

import time
from collections.abc import Callable
from uuid import UUID

from service.job_queue import Priority, ScoreRequest

LOOK_S = 30.0
"""A grid counts as looked at for so long after its ranked list was asked for."""


class Looks:
    """What one web process has been asked for lately."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[UUID, float] = {}

    def note(self, grid_id: UUID) -> bool:
        """Take note of a look at a grid.

        Returns:
            Whether nobody had looked at it for a while.
        """
        now = self._clock()
        is_new = not self.is_looked_at(grid_id)
        if is_new:
            self._until = {grid: until for grid, until in self._until.items() if until > now}
        self._until[grid_id] = now + LOOK_S
        return is_new

    def is_looked_at(self, grid_id: UUID | None) -> bool:
        """Tell whether somebody has looked at a grid lately."""
        return grid_id is not None and self._until.get(grid_id, 0.0) > self._clock()

    def priority(self, request: ScoreRequest) -> Priority:
        """Say when a request's turn is: looked at first, scores to be renewed last."""
        if request.renews:
            return Priority.RENEW
        return Priority.LOOKED_AT if self.is_looked_at(request.grid_id) else Priority.LIVE
