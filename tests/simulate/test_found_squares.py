"""Squares found on simulated sessions against truth: uncommon supports, and hexagonal meshes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.placing_truth import distances_um, read_atlas, true_windows
from ingest.atlas import survey_atlas
from simulate.film import FoilKind
from simulate.instrument import CameraKind, find_instrument
from simulate.mesh import MeshKind
from simulate.session import SessionPlan, write_session


@pytest.mark.parametrize(
    ("mesh", "foil"),
    [
        (MeshKind.MESH_300, FoilKind.HEX_12_13),
        (MeshKind.MESH_300, FoilKind.LACEY),
        (MeshKind.HEX_300, FoilKind.R12_13),
    ],
)
def test_no_support_or_mesh_breaks_a_window_or_makes_one(
    mesh: MeshKind, foil: FoilKind, tmp_path: Path
) -> None:
    instrument = replace(find_instrument(CameraKind.K3_HALF), columns=2, rows=1)
    plan = SessionPlan(instrument, mesh, foil, seed=401)
    write_session(tmp_path / "made", plan)
    tiles, dm = read_atlas(tmp_path / "made", 1)

    survey = survey_atlas(tiles, dm)

    assert survey.extraction.mesh is not None
    assert survey.extraction.mesh.pitch_um == pytest.approx(84.6, rel=0.03)
    windows = true_windows(plan, tiles)
    away = distances_um(survey, windows)
    central = np.array([window.central for window in windows])
    assert central.sum() > 20
    assert np.count_nonzero(away.min(axis=0)[central] > 0.3 * 84.6) <= 1
    assert np.count_nonzero(away.min(axis=1) > 0.3 * 84.6) == 0
