"""The weights that ship on whole simulated sessions of other cameras: screened as a user would."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.figure import Figure
from model.metrics import THRESHOLDS, agreement
from model.predict import Scorer
from service.screen import screen_target
from service.screened import ScreenedSquare
from simulate.film import FoilKind
from simulate.instrument import CameraKind, find_instrument
from simulate.mesh import MeshKind
from simulate.session import SessionPlan, SquareTruth, write_session
from simulate.variant import Variant

TILES = 3
"""Columns and rows of an atlas; more show more of the same grid."""

JUDGED = ("cracking", "contamination", "overall")
INTACT, TORN = 0.3, 1.0
"""Severity of cracking below which a square is intact, above which it is called torn."""

_KINDS = (
    (CameraKind.CETA, FoilKind.R12_13, MeshKind.MESH_300, Variant.PLAIN),
    (CameraKind.FALCON, FoilKind.R2_1, MeshKind.MESH_400, Variant.PLAIN),
    (CameraKind.CETA, FoilKind.R12_13, MeshKind.MESH_200, Variant.TIFF),
    (CameraKind.FALCON, FoilKind.R2_1, MeshKind.MESH_200, Variant.PREVIEWS_ONLY),
    (CameraKind.CETA, FoilKind.R2_2, MeshKind.MESH_300, Variant.PREVIEWS_ONLY),
    (CameraKind.FALCON, FoilKind.LACEY, MeshKind.MESH_300, Variant.PLAIN),
    (CameraKind.CETA, FoilKind.CONTINUOUS, MeshKind.MESH_300, Variant.PLAIN),
    (CameraKind.FALCON, FoilKind.HEX_12_13, MeshKind.HEX_300, Variant.PLAIN),
)
_GRIDS = 2
"""Of each kind, no two alike."""

_FIRST_SEED = 901


def measure() -> Iterator[Figure]:
    """Write, screen and judge each session."""
    scorer = Scorer.load()
    truth: list[SquareTruth] = []
    scored: list[ScreenedSquare] = []
    for kind, (camera, foil, mesh, variant) in enumerate(_KINDS):
        known, found = [], []
        for seed in range(_FIRST_SEED + _GRIDS * kind, _FIRST_SEED + _GRIDS * (kind + 1)):
            instrument = replace(find_instrument(camera), columns=TILES, rows=TILES)
            plan = SessionPlan(instrument, mesh, foil, seed=seed, variant=variant)
            pairs, missed = _screen(plan, scorer)
            known += [pair[0] for pair in pairs]
            found += [pair[1] for pair in pairs]
            if missed:
                yield Figure(f"squares without a score, {_name(plan)}, seed {seed}", missed, "")
        yield from _judge(known, found, f"{_GRIDS} grids, {camera} {foil} {mesh} {variant}")
        truth += known
        scored += found
    yield from _judge(truth, scored, f"all {len(_KINDS) * _GRIDS} grids")


def _name(plan: SessionPlan) -> str:
    return f"{plan.instrument.kind} {plan.foil} {plan.mesh} {plan.variant}"


def _screen(
    plan: SessionPlan, scorer: Scorer
) -> tuple[list[tuple[SquareTruth, ScreenedSquare]], int]:
    """Each square of the truth with its scores, and how many have none."""
    with TemporaryDirectory() as folder:
        truth = write_session(Path(folder) / "session", plan)
        answers = screen_target(next((Path(folder) / "session").glob("Supervisor*")), scorer)
    by_node = {square.epu_node_id: square for square in answers if square.overall is not None}
    pairs = [(known, by_node[known.node_id]) for known in truth if known.node_id in by_node]
    return pairs, len(truth) - len(pairs)


def _judge(
    truth: Sequence[SquareTruth], scored: Sequence[ScreenedSquare], what: str
) -> Iterator[Figure]:
    """Errors, order, and how many intact squares are called torn."""
    known = {name: np.array([getattr(t, name) for t in truth], np.float64) for name in JUDGED}
    found = {name: np.array([getattr(s, name) for s in scored], np.float64) for name in JUDGED}
    for name in JUDGED:
        result = agreement(known[name], found[name], THRESHOLDS[name])
        yield Figure(f"{name} error, {len(truth)} squares of {what}", result.mae, "points")
        if name == "overall" and result.auc is not None:
            yield Figure(f"overall AUC, {what}", result.auc, "")
    intact = known["cracking"] < INTACT
    torn = (found["cracking"] > TORN)[intact]
    yield Figure(f"intact squares called torn, {what}", 100 * float(torn.mean()), "%")
