import os
from pathlib import Path

import pytest

from ingest.epu import (
    EpuFile,
    EpuKind,
    as_text,
    classify,
    may_hold_atlas_files,
    natural_order,
)

SESSION = "Supervisor_20230919_115905_Atlas_x"
ATLAS = Path(SESSION) / "Sample4" / "Atlas"


@pytest.mark.parametrize(
    ("root", "path"),
    [
        ("/data", ATLAS / "Tile_19495697_0_19495690.mrc"),
        ("/data/visit/atlas", ATLAS / "Tile_19495697_0_19495690.mrc"),
        (f"/data/{SESSION}", Path("Sample4/Atlas/Tile_19495697_0_19495690.mrc")),
        (f"/data/{SESSION}/Sample4", Path("Atlas/Tile_19495697_0_19495690.mrc")),
        (f"/data/{SESSION}/Sample4/Atlas", Path("Tile_19495697_0_19495690.mrc")),
    ],
)
def test_a_tile_is_the_same_from_wherever_the_folder_is_watched(root: str, path: Path) -> None:
    expected = EpuFile(
        kind=EpuKind.TILE,
        session=SESSION,
        sample=4,
        atlas_id=19495690,
        tile_id=19495697,
        index=0,
        stem="Tile_19495697_0_19495690",
        suffix="mrc",
    )
    assert classify(Path(root), path) == expected
    assert classify(Path(root), Path(root) / path) == expected


def test_a_watched_session_folder_of_any_name_is_the_session() -> None:
    found = classify(Path("/data/my grids"), Path("Sample0/Atlas/Atlas_1.xml"))
    assert found == EpuFile(EpuKind.ATLAS_IMAGE, "my grids", 0, 1, None, None, "Atlas_1", "xml")


def test_an_atlas_folder_on_its_own_has_no_sample() -> None:
    found = classify(Path("/data/copied"), Path("Atlas/Tile_8_0_1.xml"))
    assert found is not None
    assert (found.session, found.sample) == ("copied", None)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (f"{SESSION}/ScreeningSession.dm", EpuKind.SCREENING_SESSION),
        (f"{SESSION}/Sample2/Sample.dm", EpuKind.SAMPLE_DM),
        (f"{SESSION}/Sample2/Atlas/Atlas.dm", EpuKind.ATLAS_DM),
        (f"{SESSION}/Sample2/Atlas/Atlas_77.mrc", EpuKind.ATLAS_IMAGE),
    ],
)
def test_descriptors_are_known_by_name(name: str, kind: EpuKind) -> None:
    found = classify(Path("/data"), Path(name))
    assert found is not None
    assert (found.kind, found.session) == (kind, SESSION)
    assert found.sample == (None if kind is EpuKind.SCREENING_SESSION else 2)


@pytest.mark.parametrize(
    "name",
    [
        f"{SESSION}/Atlas/Atlas.dm",  # the session's own, always empty
        f"{SESSION}/EpuSession.dm",
        f"{ATLAS}/.Tile_19495697_0_19495690.mrc.Xa81bc",  # rsync
        f"{ATLAS}/Tile_19495697_0_19495690.mrc.part",
        f"{ATLAS}/~Tile_19495697_0_19495690.mrc",
        f"{ATLAS}/Tile_19495697_0_19495690.mrc.tmp",
        f"{ATLAS}/Tile_19495697_0.mrc",
        f"{ATLAS}/Tile_1_2_{'9' * 40}.mrc",
        f"{ATLAS}/Overview_Alignment_1.mrc",
        f"{ATLAS}/Tile_1_2_3.png",
    ],
)
def test_everything_else_is_nothing(name: str) -> None:
    assert classify(Path("/data"), Path(name)) is None


def test_a_folder_whose_name_is_no_text_has_a_name_that_can_be_written_down() -> None:
    folder = Path(os.fsdecode(b"/data/Supervisor_\xe9/Sample1/Atlas"))
    file = classify(folder.parent.parent, folder / "Tile_507_0_500.xml")
    assert file is not None
    assert file.session == r"Supervisor_\xe9"
    assert as_text("Supervisor_ä") == "Supervisor_ä"


def test_both_spellings_of_tiff_and_any_case_are_one_format() -> None:
    names = ["Tile_1_2_3.tif", "Tile_1_2_3.tiff", "Tile_1_2_3.TIFF"]
    found = [classify(Path("/data"), ATLAS / name) for name in names]
    assert [file.suffix for file in found if file] == ["tiff"] * 3


def test_natural_order_counts_tiles_and_puts_metadata_first() -> None:
    names = [
        "Sample10/Sample.dm",
        "Sample2/Atlas/Atlas_5.xml",
        "Sample2/Atlas/Tile_90_10_5.mrc",
        "Sample2/Atlas/Tile_90_10_5.xml",
        "Sample2/Atlas/Tile_30_2_5.mrc",
        "Sample2/Atlas/Tile_30_2_5.jpg",
        "Sample2/Atlas/Tile_12_0_4.mrc",
        "Sample2/Atlas/Atlas.dm",
        "Sample2/Sample.dm",
        "ScreeningSession.dm",
    ]
    found = [classify(Path("/data") / SESSION, Path(name)) for name in names]
    ordered = sorted((file for file in found if file), key=natural_order)
    assert [(file.sample, file.stem, file.suffix) for file in ordered] == [
        (None, "ScreeningSession", "dm"),
        (2, "Sample", "dm"),
        (2, "Atlas", "dm"),
        (2, "Atlas_5", "xml"),
        (2, "Tile_12_0_4", "mrc"),
        (2, "Tile_30_2_5", "mrc"),
        (2, "Tile_30_2_5", "jpg"),
        (2, "Tile_90_10_5", "xml"),
        (2, "Tile_90_10_5", "mrc"),
        (10, "Sample", "dm"),
    ]


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("/data/visit", True),
        ("/data/Data", True),
        ("/data/an odd session/Images-Disc1", False),
        (f"/data/{SESSION}", True),
        (f"/data/{SESSION}/Sample3", True),
        (f"/data/{SESSION}/Sample3/Atlas", True),
        (f"/data/{SESSION}/Images-Disc1", False),
        (f"/data/{SESSION}/Metadata", False),
        (f"/data/{SESSION}/Sample3/SearchMaps", False),
        (f"/data/{SESSION}/Sample3/Atlas/deeper", False),
        ("/data/.snapshot", False),
        (f"/data/Sample12/{SESSION}", True),
    ],
)
def test_only_folders_that_can_hold_an_atlas_are_listed(folder: str, expected: bool) -> None:
    assert may_hold_atlas_files(Path(folder)) is expected


@pytest.mark.real
def test_every_file_of_a_real_session_is_known_but_the_session_level_skeleton(
    real_session: Path,
) -> None:
    files = [path for path in real_session.rglob("*") if path.is_file()]
    unknown = [path for path in files if classify(real_session, path) is None]
    assert [path.relative_to(real_session).as_posix() for path in unknown] == ["Atlas/Atlas.dm"]
