"""Written XML has the elements, namespaces and attributes of the real files, and their order."""

from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import pytest

from simulate.instrument import INSTRUMENTS, CameraKind
from simulate.session import SessionPlan, write_session
from tests.simulate.sessions import SMALL, plan

REAL = Path(__file__).resolve().parents[3] / "shared" / "real-session"
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not REAL.is_dir(), reason="real session not beside the checkout"),
]


def paths(data: bytes) -> set[str]:
    """Every element path with namespaces, and every attribute."""
    found: set[str] = set()

    def walk(element: Element, above: str) -> None:
        here = f"{above}/{element.tag}"
        found.add(here)
        found.update(f"{here}@{name}" for name in element.attrib)
        for child in element:
            walk(child, here)

    walk(fromstring(data), "")
    return found


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("structure") / "out"
    write_session(out, plan())
    return next(out.glob("Supervisor_*"))


@pytest.mark.parametrize(
    ("written", "real"),
    [
        ("Sample1/Atlas/Tile_*_0_*.xml", "Sample4/Atlas/Tile_*_0_*.xml"),
        ("Sample1/Atlas/Atlas_*.xml", "Sample4/Atlas/Atlas_*.xml"),
        ("Sample2/Atlas/Atlas.dm", "Sample1/Atlas/Atlas.dm"),
        ("Sample1/Sample.dm", "Sample4/Sample.dm"),
        ("Sample2/Sample.dm", "Sample1/Sample.dm"),
        ("ScreeningSession.dm", "ScreeningSession.dm"),
        ("Atlas/Atlas.dm", "Atlas/Atlas.dm"),
    ],
)
def test_elements_and_namespaces_equal_the_real_ones(
    session: Path, written: str, real: str
) -> None:
    ours = next(session.glob(written)).read_bytes()
    theirs = next(REAL.glob(f"Supervisor_*/{real}")).read_bytes()
    assert paths(ours) == paths(theirs)
    assert b"\n" not in ours
    assert not ours.startswith(b"<?xml")


def test_a_talos_with_ceta_writes_the_elements_of_a_real_one(tmp_path: Path) -> None:
    small = replace(
        INSTRUMENTS[CameraKind.CETA], width_px=256, height_px=256, binning=16, columns=1, rows=2
    )
    write_session(tmp_path / "out", SessionPlan(instrument=small))
    ours = next((tmp_path / "out").rglob("Atlas_*.xml")).read_bytes()
    theirs = (REAL.parent / "epu-files" / "talos-ceta" / "Atlas_1.xml").read_bytes()
    assert paths(ours) == paths(theirs)


def test_an_acquired_atlas_dm_has_only_elements_of_a_real_one(session: Path) -> None:
    ours = paths((session / "Sample1" / "Atlas" / "Atlas.dm").read_bytes())
    theirs = paths(next(REAL.glob("Supervisor_*/Sample4/Atlas/Atlas.dm")).read_bytes())
    assert ours <= theirs
    unclustered = {p for p in theirs - ours if "nil" not in p}
    assert unclustered == set()


def test_elements_of_a_tile_come_in_the_real_order(session: Path) -> None:
    ours = next(session.glob("Sample1/Atlas/Tile_*_0_*.xml")).read_bytes()
    theirs = next(REAL.glob("Supervisor_*/Sample4/Atlas/Tile_*_0_*.xml")).read_bytes()
    assert [e.tag for e in fromstring(ours).iter()] == [e.tag for e in fromstring(theirs).iter()]


def test_the_small_instrument_is_the_real_one_but_for_its_camera() -> None:
    assert SMALL.matrix_nm == INSTRUMENTS[CameraKind.K3].matrix_nm
    assert SessionPlan(instrument=SMALL).tiles == 9
