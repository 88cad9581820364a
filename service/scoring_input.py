"""What a square's score is made of, and when a moved film level makes it stale."""

from dataclasses import dataclass

MOVED_SHARE = 0.05
"""While an atlas grows, its squares are scored again when a level moves by more than this share."""


@dataclass(frozen=True)
class Levels:
    """An atlas's grey levels, camera counts."""

    film: float | None
    vacuum: float | None


def next_scoring_levels(scoring: Levels, reported: Levels, *, complete: bool) -> Levels:
    """Choose the levels to score with, now that ingest has reported its newest.

    Args:
        scoring: the levels that the atlas's squares are scored with so far.
        reported: what ingest estimates now.
        complete: a complete atlas takes the reported levels as they are, so that its scores do not
            depend on the order in which its tiles came.

    Returns:
        The reported levels when they are to be taken, else the ones so far.
    """
    if reported.film is None:
        return scoring
    if complete or scoring.film is None:
        return reported
    moved = abs(reported.film - scoring.film) > MOVED_SHARE * scoring.film
    return reported if moved or _vacuum_moved(scoring, reported) else scoring


def input_key(crop_sha256: str | None, full_scale: float | None, levels: Levels) -> str | None:
    """Name what a score would be made of; None while the square cannot be scored.

    Args:
        crop_sha256: the crop's bytes.
        full_scale: grey level of the crop's 255.
        levels: the atlas's scoring levels.
    """
    if crop_sha256 is None or full_scale is None or levels.film is None:
        return None
    vacuum = "-" if levels.vacuum is None else f"{levels.vacuum:.9g}"
    return f"{crop_sha256}:{full_scale:.9g}:{levels.film:.9g}:{vacuum}"


def _vacuum_moved(scoring: Levels, reported: Levels) -> bool:
    """Tell whether the vacuum level has moved, measured in film levels as all greys are."""
    if scoring.vacuum is None or reported.vacuum is None:
        return scoring.vacuum is not reported.vacuum
    film = scoring.film or reported.film or 0.0
    return abs(reported.vacuum - scoring.vacuum) > MOVED_SHARE * film
