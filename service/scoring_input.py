"""What a square's score is made of, and when a moved film level or mesh pitch makes it stale."""

from dataclasses import dataclass

MOVED_SHARE = 0.05
"""While an atlas grows, its squares are scored again when one of these moves by more than this."""

PITCH_STEP_UM = 0.5
"""The mesh pitch is rounded to it: a hair's breadth of difference must not cost a scoring."""


@dataclass(frozen=True)
class Levels:
    """What an atlas gives to its squares' scores: grey levels, camera counts, and mesh pitch."""

    film: float | None
    vacuum: float | None
    pitch_um: float | None = None


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
    return reported if moved or _pitch_moved(scoring, reported) else scoring


def rounded_pitch(pitch_um: float | None) -> float | None:
    """The mesh pitch as scores see it."""
    return None if pitch_um is None else PITCH_STEP_UM * round(pitch_um / PITCH_STEP_UM)


def input_key(crop_sha256: str | None, full_scale: float | None, levels: Levels) -> str | None:
    """Name what a score would be made of; None while the square cannot be scored.

    The vacuum level is no part of it: no network is told it.

    Args:
        crop_sha256: the crop's bytes.
        full_scale: grey level of the crop's 255.
        levels: the atlas's scoring levels.
    """
    if crop_sha256 is None or full_scale is None or levels.film is None:
        return None
    pitch = "-" if levels.pitch_um is None else f"{levels.pitch_um:.9g}"
    return f"{crop_sha256}:{full_scale:.9g}:{levels.film:.9g}:{pitch}"


def _pitch_moved(scoring: Levels, reported: Levels) -> bool:
    if scoring.pitch_um is None or reported.pitch_um is None:
        return scoring.pitch_um is not reported.pitch_um
    return abs(reported.pitch_um - scoring.pitch_um) > MOVED_SHARE * scoring.pitch_um
