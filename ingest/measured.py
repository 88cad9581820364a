"""Windows measured before, so that a survey looks again only where something has changed."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from ingest.mosaic import Mosaic
from ingest.patch import Part, Patches, PositionUm, find_parts
from ingest.window import Search, Window
from ingest.work_tile import Grey

Measure = Callable[[Patches, PositionUm, Search], Window | None]
"""`measure_window`, or `measure_site`."""


@dataclass(frozen=True)
class _Entry:
    """A measurement, and what it was made from.

    Args:
        window: what was found.
        cuts: centre and side of each patch looked at, and what showed it.
        pixels: of the tiles that did: held, so that their ids stay theirs.
    """

    window: Window | None
    cuts: tuple[tuple[PositionUm, float, Hashable], ...]
    pixels: tuple[Grey, ...]

    def holds_in(self, mosaic: Mosaic) -> bool:
        """Whether all patches would be the same again."""
        return all(
            _what_shows(find_parts(mosaic, centre_um, side_um)) == shown
            for centre_um, side_um, shown in self.cuts
        )


@dataclass
class MeasuredWindows:
    """Answers a measurement from memory when all that decides it is as before.

    That is how it is made, the position, the search, and the pixels, places and seams of the tiles
    from which its patches were cut; pixels are compared by identity: an array given to a mosaic is
    not written to again.
    """

    _kept: dict[Hashable, _Entry] = field(default_factory=dict)
    _used: dict[Hashable, _Entry] = field(default_factory=dict)

    def measure(
        self, mosaic: Mosaic, near_um: PositionUm, search: Search, how: Measure
    ) -> Window | None:
        """Measure the window at a position, or remember it."""
        key = (how, near_um, search)
        entry = self._used.get(key) or self._kept.get(key)
        if entry is None or not entry.holds_in(mosaic):
            entry = _measure(mosaic, near_um, search, how)
        self._used[key] = entry
        return entry.window

    def end_survey(self) -> None:
        """Forget what was not asked for since the last survey ended."""
        self._kept, self._used = self._used, {}

    def __len__(self) -> int:
        """Count the measurements that the next survey can use."""
        return len(self._kept | self._used)


def _measure(mosaic: Mosaic, near_um: PositionUm, search: Search, how: Measure) -> _Entry:
    patches = Patches(mosaic)
    window = how(patches, near_um, search)
    cuts = tuple((at_um, side_um, _what_shows(parts)) for at_um, side_um, parts in patches.cuts)
    pixels = {
        id(part.tile.pixels): part.tile.pixels for *_, parts in patches.cuts for part in parts
    }
    return _Entry(window, cuts, tuple(pixels.values()))


def _what_shows(parts: list[Part]) -> Hashable:
    return tuple((id(p.tile.pixels), p.tile.x_um, p.tile.y_um, p.seam) for p in parts)
