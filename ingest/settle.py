"""Decide when a file has settled: observations are compared with each other, never with a date."""

from dataclasses import dataclass
from pathlib import Path

from ingest.epu import Completeness, EpuFile

Signature = tuple[int, int]
"""Size in bytes and time of modification in ns: equal ones mean that nothing was seen to change."""


@dataclass(frozen=True, slots=True)
class SettleTimes:
    """How patient to be; seconds on a clock that only runs forward.

    Attributes:
        settle_s: Between two observations of a file that may still be growing.
        observations: Equal ones in a row that make it settled.
        quiet_s: How long a file whose last row is all zero must stay unchanged: it may be
            pre-allocated, or be dark.
        stall_s: How long an incomplete file must stay unchanged to be reported, and how often it is
            looked at after that.
    """

    settle_s: float = 0.3
    observations: int = 2
    quiet_s: float = 3.0
    stall_s: float = 10.0


@dataclass(slots=True)
class WatchedFile:
    """One file and what was observed of it.

    Attributes:
        file: Its meaning.
        path: Where it lies.
        relative: The same from the watched folder, with forward slashes.
        live: It appeared while watching, so it goes before the backlog.
        signature: As last observed.
        equal: Observations in a row with that signature.
        changed_at: When that signature was first observed.
        look_at: When to observe it again.
        delivered: Signature with which it was handed out as whole.
        complained: Signature with which it was reported as incomplete.
        attempts: How often it was handed out or reported.
    """

    file: EpuFile
    path: Path
    relative: str
    live: bool
    signature: Signature
    changed_at: float
    look_at: float
    equal: int = 1
    delivered: Signature | None = None
    complained: Signature | None = None
    attempts: int = 0

    @property
    def pending(self) -> bool:
        """True while its present content has not been handed out."""
        return self.delivered != self.signature

    def observe(self, signature: Signature, now: float, times: SettleTimes) -> None:
        """Take in an observation; one sooner than `look_at` counts only if it differs."""
        if signature != self.signature:
            self.signature, self.equal, self.changed_at = signature, 1, now
        elif now >= self.look_at:
            self.equal += 1
        else:
            return
        self.look_at = now + times.settle_s

    def is_steady(self, times: SettleTimes) -> bool:
        """True after enough equal observations."""
        return self.equal >= times.observations

    def may_be_read(self, completeness: Completeness, now: float, times: SettleTimes) -> bool:
        """True when it is whole, or when its dark tail has been quiet for long enough."""
        if completeness is Completeness.ZERO_TAIL:
            return now - self.changed_at >= times.quiet_s
        return completeness is Completeness.WHOLE
