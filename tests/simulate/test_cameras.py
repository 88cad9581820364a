"""Sessions of every camera: mirrored and turned matrices, and the truth in the parsed files."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ingest.epu import read_atlas_dm, read_image_xml
from simulate.instrument import INSTRUMENTS, CameraKind, Instrument
from simulate.session import SessionPlan, make_specimen, write_session
from simulate.stage import TileView, tile_pixel
from simulate.tile import raster_um, window_stage_um
from simulate.window import find_window
from tests.simulate.sessions import SMALL, read_all

SMALLER: dict[CameraKind, Instrument] = {
    CameraKind.K3: replace(SMALL, columns=2, rows=2),
    CameraKind.CETA: replace(
        INSTRUMENTS[CameraKind.CETA], width_px=512, height_px=512, binning=8, columns=2, rows=2
    ),
    CameraKind.FALCON: replace(
        INSTRUMENTS[CameraKind.FALCON], width_px=512, height_px=512, binning=8, columns=2, rows=2
    ),
}
NEAR_UM = 0.05


@pytest.mark.parametrize("kind", list(SMALLER))
def test_a_session_read_again_gives_positions_sizes_and_stage_of_the_specimen(
    tmp_path: Path, kind: CameraKind
) -> None:
    plan = SessionPlan(instrument=SMALLER[kind], seed=4)
    truth = {square.node_id: square for square in write_session(tmp_path / "out", plan)}
    atlas = read_atlas_dm(next(tmp_path.glob("out/Supervisor_*/Sample1/Atlas/Atlas.dm")))
    nodes = [node for tile in atlas.tiles for node in tile.nodes]
    assert {node.node_id for node in nodes} == set(truth)
    atlas_px_um = plan.instrument.pixel_um / plan.instrument.atlas_scale
    windows = _windows(plan)
    stages = {tile.tile_id: tile.stage_um for tile in atlas.tiles}
    for node in nodes:
        square = truth[node.node_id]
        nearest = np.hypot(*(windows - node.stage_um).T).min()
        assert nearest < NEAR_UM
        assert np.multiply(node.size_px, atlas_px_um) == pytest.approx(
            (square.width_um, square.height_um), abs=NEAR_UM
        )
        for tile_id, x, y in node.tile_positions:
            view = TileView(0, 0, 0, stages[tile_id][:2])
            expected = tile_pixel(plan.instrument, view, node.stage_um)
            assert np.hypot(x - expected[0], y - expected[1]) * plan.instrument.pixel_um < NEAR_UM
    _ingest_finds(tmp_path / "out", windows)


def _windows(plan: SessionPlan) -> np.ndarray:
    """Stage positions (um) of all windows of the specimen that the tiles can show, (n, 2)."""
    specimen = make_specimen(plan, 0)
    instrument = plan.instrument
    reach = 1.5 * instrument.pixel_um * np.hypot(instrument.width_px, instrument.height_px)
    found = []
    for column, row in specimen.mesh.squares():
        if np.hypot(*specimen.mesh.center_um(column, row)) > reach:
            continue
        square = specimen.square(column, row, raster_um(instrument))
        window = find_window(square)
        if window is not None:
            found.append(window_stage_um(specimen, instrument, square, window))
    return np.array(found)


def _ingest_finds(out: Path, windows: np.ndarray) -> None:
    """The same code that reads real folders finds the squares in the pixels."""
    (atlas,) = [a for a in read_all(out) if a.squares]
    found = [(s.record.stage_x_um, s.record.stage_y_um) for s in atlas.squares if s.record.complete]
    away = np.array([np.hypot(*(windows - position).T).min() for position in found])
    assert len(found) > 8
    assert np.mean(away < 3.0) > 0.9


def test_talos_is_mirrored_against_krios() -> None:
    handed = {k: np.sign(np.linalg.det(i.image_to_stage_um)) for k, i in INSTRUMENTS.items()}
    turned = INSTRUMENTS[CameraKind.CETA].image_to_stage_um
    assert set(handed.values()) <= {-1.0, 1.0}
    assert abs(turned[0, 1]) > abs(turned[0, 0])


@pytest.mark.parametrize(
    ("kind", "size", "tiles"),
    [
        (CameraKind.K3, (2880, 2046), 35),
        (CameraKind.CETA, (4096, 4096), 36),
        (CameraKind.FALCON, (4096, 4096), 16),
    ],
)
def test_cameras_have_the_geometry_of_their_makers(
    kind: CameraKind, size: tuple[int, int], tiles: int
) -> None:
    instrument = INSTRUMENTS[kind]
    assert (instrument.width_px, instrument.height_px, instrument.tiles) == (*size, tiles)


def test_the_xml_names_the_camera_and_its_matrix(tmp_path: Path) -> None:
    instrument = replace(SMALLER[CameraKind.CETA], columns=1, rows=1)
    write_session(tmp_path / "out", SessionPlan(instrument=instrument))
    xml = read_image_xml(next((tmp_path / "out").rglob("Tile_*.xml")))
    assert xml.matrix_nm == pytest.approx(instrument.matrix_nm)
