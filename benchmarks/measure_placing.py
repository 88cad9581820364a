"""Placing and cutting against truth: seams, squares, centres, stage positions, order of arrival."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure
from benchmarks.placing_truth import (
    Tiles,
    distances_um,
    read_atlas,
    seam_errors_px,
    true_windows,
    with_stage_errors,
)
from ingest.atlas import Survey, survey_atlas
from ingest.epu import AtlasDm, AtlasDmNode
from ingest.measured import MeasuredWindows
from ingest.overlap import Match
from simulate.film import FoilKind
from simulate.instrument import CameraKind, find_instrument
from simulate.mesh import MeshKind
from simulate.session import SessionPlan, write_session
from simulate.variant import Variant

SHARED = Path(__file__).parents[2] / "shared"
REAL_SAMPLES = (2, 4)
STAGE_ERROR_UM = 2.5
"""Of each tile and axis: seams off by what a real Krios' are (22 and 25 tile pixels)."""

GRIDS = (
    (CameraKind.K3_HALF, MeshKind.MESH_300, FoilKind.R2_1, Variant.PLAIN),
    (CameraKind.K3_HALF, MeshKind.MESH_200, FoilKind.R12_13, Variant.PLAIN),
    (CameraKind.K3_HALF, MeshKind.MESH_400, FoilKind.LACEY, Variant.PLAIN),
    (CameraKind.K3_HALF, MeshKind.MESH_300, FoilKind.HEX_12_13, Variant.PLAIN),
    (CameraKind.K3_HALF, MeshKind.MESH_300, FoilKind.CONTINUOUS, Variant.PREVIEWS_ONLY),
    (CameraKind.K3_HALF, MeshKind.MESH_400, FoilKind.R2_2, Variant.ABORTED),
)
EMPTY = (CameraKind.K3_HALF, MeshKind.MESH_300, FoilKind.R2_2, Variant.NEARLY_EMPTY)


def measure() -> Iterator[Figure]:
    """Measure on simulated atlases and, where it is there, on the real session."""
    yield from _seams()
    yield from _squares()
    session = SHARED / "real-session"
    if session.is_dir():
        yield from _real(session)


def _seams() -> Iterator[Figure]:
    instrument = find_instrument(CameraKind.K3)
    plan = SessionPlan(instrument, seed=3)
    with tempfile.TemporaryDirectory() as name:
        write_session(Path(name) / "made", plan)
        tiles, dm = read_atlas(Path(name) / "made", 1)
    survey = survey_atlas(tiles, None)
    ours, nominal = seam_errors_px(survey.mosaic, tiles, instrument)
    yield Figure("seams of a simulated K3 atlas as EPU lays them, rms", _rms(nominal), "px")
    yield Figure("the same as registered, rms", _rms(ours), "px")
    wrong = survey_atlas(with_stage_errors(tiles, STAGE_ERROR_UM, 1), None)
    ours, nominal = seam_errors_px(wrong.mosaic, tiles, instrument)
    yield Figure("the same with a stage that errs, rms", _rms(ours), "px")
    yield Figure("the worst of these", float(ours.max()), "px")
    yield from _positions("simulated K3", survey_atlas(tiles, dm), plan, tiles)
    yield from _order(tiles)


def _positions(name: str, survey: Survey, plan: SessionPlan, tiles: Tiles) -> Iterator[Figure]:
    """How far the centres of squares that a tile shows wholly are from the truth."""
    windows = true_windows(plan, tiles)
    away = distances_um(survey, windows)
    whole = np.array([window.whole for window in windows])
    nearest = away.min(axis=0)[whole]
    found = nearest[nearest < 0.3 * _pitch_um(survey)]
    yield Figure(f"centre against truth, {name}, median", float(np.median(found)), "um")


def _order(tiles: Tiles) -> Iterator[Figure]:
    """One pass against tiles that come in other orders, each surveyed on the way."""
    once = survey_atlas(tiles, None)
    worst, differ = 0.0, 0
    for seed in (1, 2):
        names = np.random.default_rng(seed).permutation(sorted(tiles)).tolist()
        seams: dict[tuple[str, str], tuple[Match, ...]] = {}
        memory, survey = MeasuredWindows(), once
        for count in (*range(1, len(names), 5), len(names)):
            survey = survey_atlas({n: tiles[n] for n in names[:count]}, None, seams, memory)
        centres = [_centres_px(found) for found in (once, survey)]
        if centres[0].shape != centres[1].shape:
            differ += abs(len(centres[0]) - len(centres[1]))
        else:
            worst = max(worst, float(np.abs(centres[0] - centres[1]).max()))
    yield Figure("squares that depend on the order of tiles", differ, "")
    yield Figure("shift of a centre by the order of tiles, largest", worst, "atlas px")


def _squares() -> Iterator[Figure]:
    """Squares found and false ones, over all grids; then a grid on which nearly all drowned."""
    totals = np.zeros(4, int)
    errors: list[float] = []
    for seed, grid in enumerate(GRIDS, start=11):
        counts, away = _count(seed, *grid)
        totals += counts
        errors += away
    shown, found, squares, false = totals.tolist()
    yield Figure(f"squares found, of {shown} on {len(GRIDS)} grids", 100 * found / shown, "%")
    yield Figure(f"false squares, of {squares}", 100 * false / squares, "%")
    yield Figure("centre against truth, these grids, median", float(np.median(errors)), "um")
    (shown, found, squares, false), _ = _count(31, *EMPTY)
    yield Figure(f"nearly empty grid: found, of {shown}", 100 * found / shown, "%")
    yield Figure(f"nearly empty grid: false, of {squares}", 100 * false / max(squares, 1), "%")


def _count(
    seed: int, camera: CameraKind, mesh: MeshKind, foil: FoilKind, variant: Variant
) -> tuple[list[int], list[float]]:
    """Windows shown, found, squares, false ones; and how far whole ones are off, micrometres."""
    instrument = replace(find_instrument(camera), columns=3, rows=3)
    plan = SessionPlan(instrument, mesh, foil, seed=seed, variant=variant)
    with tempfile.TemporaryDirectory() as name:
        write_session(Path(name) / "made", plan)
        tiles, dm = read_atlas(Path(name) / "made", 1)
    survey = survey_atlas(tiles, dm)
    windows = true_windows(plan, tiles)
    away = distances_um(survey, windows)
    central = np.array([window.central for window in windows])
    whole = np.array([window.whole for window in windows])
    if not len(survey.squares):
        return [int(central.sum()), 0, 0, 0], []
    limit = 0.3 * _pitch_um(survey)
    nearest = away.min(axis=0)
    false = int((away.min(axis=1) > limit).sum())
    counts = [int(central.sum()), int((nearest[central] < limit).sum()), len(away), false]
    return counts, nearest[whole & (nearest < limit)].tolist()


def _real(session: Path) -> Iterator[Figure]:
    """Seams, nodes and stage positions of the two real atlases, from their previews."""
    wanted = found = doubles = 0
    errors: list[float] = []
    models: list[float] = []
    for sample in REAL_SAMPLES:
        tiles, dm = read_atlas(session, sample)
        seams: dict[tuple[str, str], tuple[Match, ...]] = {}
        survey = survey_atlas(tiles, dm, seams)
        lines = _seam_lines(survey, tiles, seams)
        every = [error for line in lines.values() for error in line]
        yield Figure(f"real seams, Sample{sample}, rms of confident overlaps", _rms(every), "px")
        worst = max(lines, key=lambda line: _rms(lines[line]))
        what = f"real seams, Sample{sample}, worst row or column ({worst})"
        yield Figure(what, _rms(lines[worst]), "px")
        nodes = _sure_nodes(dm)
        by_id = {f.record.epu_node_id: f.record for f in survey.squares}
        wanted += len(nodes)
        found += sum(node.node_id in by_id for node in nodes)
        doubles += _doubles(survey)
        models += [survey.stage.residual_um] if survey.stage is not None else []
        errors += [
            float(np.hypot(r.stage_x_um - node.stage_um[0], r.stage_y_um - node.stage_um[1]))
            for node in nodes
            if (r := by_id.get(node.node_id)) is not None and r.complete
        ]
    yield Figure(f"real EPU nodes found, of {wanted}", 100 * found / wanted, "%")
    yield Figure("real squares found twice", doubles, "")
    yield Figure("stage position against Atlas.dm nodes, rms", _rms(errors), "um")
    yield Figure("stage position against Atlas.dm nodes, median", float(np.median(errors)), "um")
    what = "stage model alone: nodes of tiles left out of the fit, rms"
    yield Figure(what, _rms(models), "um")


def _seam_lines(
    survey: Survey, tiles: Tiles, seams: dict[tuple[str, str], tuple[Match, ...]]
) -> dict[str, list[float]]:
    """What confident matches have left, tile pixels, by the row or column whose seams they are."""
    lines: dict[str, list[float]] = {}
    for (one, other), matches in seams.items():
        here, there = survey.placed[one], survey.placed[other]
        line = f"row {here.row}" if here.row == there.row else f"column {here.column}"
        for match in matches:
            if not match.confident:
                continue
            x, y = match.one_um[0] + here.x_um, match.one_um[1] + here.y_um
            seen = survey.mosaic.seam(one, other).shown_at(x, y)
            off = np.subtract(seen, np.add(match.other_um, (there.x_um, there.y_um)))
            error = float(np.hypot(*off)) / tiles[one].optics.pixel_um
            lines.setdefault(line, []).append(error)
    return lines


def _sure_nodes(dm: AtlasDm | None) -> list[AtlasDmNode]:
    nodes = [node for tile in dm.tiles for node in tile.nodes] if dm is not None else []
    return [node for node in nodes if (node.quality or 0) > 0.5 and min(node.size_px) > 60]


def _doubles(survey: Survey) -> int:
    centres = _centres_px(survey)
    apart = np.linalg.norm(centres[:, None] - centres[None], axis=2)
    limit = 0.4 * _pitch_um(survey) / (survey.frame.pixel_um if survey.frame else 1.0)
    return int((apart[np.triu_indices(len(centres), 1)] < limit).sum())


def _centres_px(survey: Survey) -> np.ndarray:
    return np.array([(f.record.center_x_px, f.record.center_y_px) for f in survey.squares])


def _pitch_um(survey: Survey) -> float:
    return survey.extraction.mesh.pitch_um if survey.extraction.mesh else 85.0


def _rms(values: object) -> float:
    return float(np.sqrt(np.mean(np.square(np.asarray(values, np.float64)))))
