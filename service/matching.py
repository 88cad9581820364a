"""One-to-one matching of squares by stage distance: a square keeps its id while its atlas grows."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from math import floor, hypot

StagePoint = tuple[float, float]
"""A stage position (x, y), um."""


def match_by_distance(
    new: Sequence[StagePoint], known: Sequence[StagePoint], radius_um: float
) -> dict[int, int]:
    """Pair new with known positions, nearest pairs first, each used once.

    Args:
        new: positions, um.
        known: positions, um.
        radius_um: pairs further apart than this are never made.

    Returns:
        Index in `known` by index in `new`, for those that have a partner. Ties go to the lower
        indices, so that the same input always gives the same pairs.
    """
    pairs = sorted(_near_pairs(new, known, radius_um))
    matched: dict[int, int] = {}
    taken: set[int] = set()
    for _, i, j in pairs:
        if i not in matched and j not in taken:
            matched[i] = j
            taken.add(j)
    return matched


def _near_pairs(
    new: Sequence[StagePoint], known: Sequence[StagePoint], radius_um: float
) -> Iterator[tuple[float, int, int]]:
    """Find all pairs within the radius by looking only into neighbouring cells of that size."""
    cells: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for j, point in enumerate(known):
        cells[_cell(point, radius_um)].append(j)
    for i, (x, y) in enumerate(new):
        column, row = _cell((x, y), radius_um)
        around = ((column + a, row + b) for a in (-1, 0, 1) for b in (-1, 0, 1))
        for j in (j for cell in around for j in cells.get(cell, ())):
            distance = hypot(known[j][0] - x, known[j][1] - y)
            if distance <= radius_um:
                yield distance, i, j


def _cell(point: StagePoint, size_um: float) -> tuple[int, int]:
    return floor(point[0] / size_um), floor(point[1] / size_um)
