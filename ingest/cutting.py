"""Crops cut and encoded on several cores, from full-size tiles of which a few stay in memory."""

import os
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import structlog

from ingest.crops import CropPlan, TileImage, cut_crop, encode_png, encode_thumbnail
from ingest.epu import EpuError
from ingest.tile_files import ReadTile, read_tile_pixels

OPEN_TILES = 4
"""Full-size tiles kept in memory while crops are cut."""

THREADS = min(4, os.cpu_count() or 1)

log = structlog.get_logger(__name__)


def may_pass(error: Exception) -> bool:
    """Tell whether the file system may give later what it refuses now: not what has gone."""
    return isinstance(error, OSError) and not isinstance(error, FileNotFoundError)


@dataclass(frozen=True)
class CropFiles:
    """A crop's lossless bytes, and those of its thumbnail."""

    png: bytes
    jpeg: bytes


@dataclass
class TileCutter:
    """Cuts crops from an atlas' tiles, which it opens when they are needed.

    Args:
        read: the tiles that can be read, by name; looked at each time.
        unreadable: gets the names of those that the file system refuses when they are needed.
    """

    read: Mapping[str, ReadTile]
    unreadable: set[str] = field(default_factory=set)
    _open: OrderedDict[str, TileImage] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def cut(self, plans: Sequence[CropPlan]) -> dict[CropPlan, CropFiles]:
        """Cut and encode; a plan of which a tile can no longer be read is left out."""
        if not plans:
            return {}
        with ThreadPoolExecutor(THREADS) as pool:
            made = list(pool.map(self._cut, plans))
        return {plan: files for plan, files in zip(plans, made, strict=True) if files is not None}

    def open_tile(self, name: str) -> TileImage:
        """Open a tile at full size, or take it from memory; an `EpuError` says it is damaged."""
        with self._lock:
            if name not in self._open:
                read = self.read[name]
                pixels = read_tile_pixels(read.path, read.metadata)
                self._open[name] = TileImage(pixels, read.tile.optics.size_um[0] / pixels.shape[1])
                while len(self._open) > OPEN_TILES:
                    self._open.popitem(last=False)
            self._open.move_to_end(name)
            return self._open[name]

    def forget(self, name: str) -> None:
        """Do not answer from memory for a tile that has new files."""
        self._open.pop(name, None)

    def close(self) -> None:
        """Keep no tile in memory until one is needed again."""
        self._open.clear()

    def _cut(self, plan: CropPlan) -> CropFiles | None:
        try:
            crop = cut_crop(plan, self.open_tile)
        except (EpuError, OSError) as error:
            log.warning("crop not cut", tile=plan.parts[0].name, reason=str(error))
            if may_pass(error):
                self.unreadable.update(part.name for part in plan.parts)
            return None
        return CropFiles(encode_png(crop), encode_thumbnail(crop))
