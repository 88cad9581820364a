"""Give the memory of large arrays back to the system as soon as they are gone."""

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Options of glibc's `mallopt`."""

LARGE_BYTES = 8 * 2**20
"""Tiles at full size and overviews; the many pictures of one square are smaller."""

SPARE_BYTES = 32 * 2**20
ARENAS = 2


def return_large_arrays() -> None:
    """Have glibc map each array of that size by itself; elsewhere nothing happens.

    It would raise that limit to the size of what was freed last, and then keep the holes that
    tiles and overviews leave between longer-lived things: a fifth of the memory of a large atlas.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, LARGE_BYTES)
        mallopt(_TRIM_THRESHOLD, SPARE_BYTES)
        mallopt(_ARENA_MAX, ARENAS)
