"""What can be unusual about a simulated atlas."""

from dataclasses import replace
from enum import StrEnum

from simulate.traits import GridTraits


class Variant(StrEnum):
    """One oddity of real sessions."""

    PLAIN = "plain"
    REACQUIRED = "reacquired"
    ABORTED = "aborted"
    NEARLY_EMPTY = "nearly-empty"
    PREVIEWS_ONLY = "previews-only"
    SPLIT_WRITES = "split-writes"
    RENAMED = "renamed"
    LATE_XML = "late-xml"
    FUTURE_DATES = "future-dates"
    TIFF = "tiff"


ABORTED_TILES = 8
"""An aborted atlas stops here: 2, 8 and 12 were seen."""


def apply_to_traits(variant: Variant, traits: GridTraits) -> GridTraits:
    """The grid itself where the variant is about the specimen: nearly all squares drowned."""
    if variant is not Variant.NEARLY_EMPTY:
        return traits
    drowned = replace(traits.ice, fill=1.35, slope_per_mm=(0.0, 0.0), patches=0.12, scatter=0.05)
    return replace(traits, ice=drowned)
