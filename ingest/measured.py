"""Windows measured before, so that a survey looks again only where something has changed."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from ingest.mosaic import Grey, Mosaic
from ingest.window import Search, Window, reach_um

Measure = Callable[[Mosaic, tuple[float, float], Search], Window | None]
"""`measure_window`, or `measure_site`."""


@dataclass(frozen=True)
class _Entry:
    """A measurement, and the pixels it was made from: held, so that their ids stay theirs."""

    window: Window | None
    pixels: tuple[Grey, ...]


@dataclass
class MeasuredWindows:
    """Answers a measurement from memory when all that decides it is as before.

    That is how it is made, the position, the search, and the pixels, places and seams of every
    tile within reach; pixels are compared by identity: an array given to a mosaic is not written
    to again.
    """

    _kept: dict[Hashable, _Entry] = field(default_factory=dict)
    _used: dict[Hashable, _Entry] = field(default_factory=dict)

    def measure(
        self, mosaic: Mosaic, near_um: tuple[float, float], search: Search, how: Measure
    ) -> Window | None:
        """Measure the window at a position, or remember it."""
        names = mosaic.showing(*near_um, reach_um(search))
        key = (how, near_um, search, _what_shows(mosaic, names))
        entry = self._used.get(key) or self._kept.get(key)
        if entry is None:
            window = how(mosaic, near_um, search)
            entry = _Entry(window, tuple(mosaic.tiles[name].pixels for name in names))
        self._used[key] = entry
        return entry.window

    def end_survey(self) -> None:
        """Forget what was not asked for since the last survey ended."""
        self._kept, self._used = self._used, {}

    def __len__(self) -> int:
        """Count the measurements that the next survey can use."""
        return len(self._kept | self._used)


def _what_shows(mosaic: Mosaic, names: list[str]) -> tuple[Hashable, ...]:
    tiles = [mosaic.tiles[name] for name in names]
    shown = [(name, id(t.pixels), t.x_um, t.y_um) for name, t in zip(names, tiles, strict=True)]
    seams = [mosaic.seam(one, other) for one in names for other in names if one != other]
    return (*shown, *seams)
