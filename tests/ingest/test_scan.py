from pathlib import Path

import pytest

from ingest.scan import FolderMissingError, scan_folder
from tests.ingest.epu_files import SESSION, atlas_folder, tile_name


def names(root: Path) -> list[str]:
    return sorted(found.path.relative_to(root).as_posix() for found in scan_folder(root).files)


def test_files_are_found_at_every_depth_with_their_sizes(tmp_path: Path) -> None:
    folder = atlas_folder(tmp_path / "visit" / "atlas")
    (folder / f"{tile_name(0)}.mrc").write_bytes(b"12345")
    (folder.parent / "Sample.dm").touch()
    (folder / "notes.txt").touch()
    prefix = f"visit/atlas/{SESSION}/Sample1"
    assert names(tmp_path) == [f"{prefix}/Atlas/{tile_name(0)}.mrc", f"{prefix}/Sample.dm"]
    assert {found.size for found in scan_folder(tmp_path).files} == {5, 0}


def test_data_collection_folders_are_not_entered(tmp_path: Path) -> None:
    data = tmp_path / SESSION / "Images-Disc1" / "GridSquare_1" / "Data"
    data.mkdir(parents=True)
    (data / "Atlas_1.mrc").touch()
    assert names(tmp_path) == []


def test_a_folder_named_like_a_tile_is_no_file(tmp_path: Path) -> None:
    (atlas_folder(tmp_path) / f"{tile_name(0)}.mrc").mkdir()
    assert names(tmp_path) == []


def test_a_link_to_a_folder_elsewhere_is_followed_once(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    (atlas_folder(elsewhere) / f"{tile_name(0)}.xml").touch()
    root.mkdir()
    (root / "a").symlink_to(elsewhere)
    (root / "b").symlink_to(elsewhere)
    (root / "loop").symlink_to(root)
    (root / "up").symlink_to(tmp_path)
    (root / "dangling").symlink_to(tmp_path / "nowhere")
    assert [name.partition("/")[2] for name in names(root)] == [
        f"{SESSION}/Sample1/Atlas/{tile_name(0)}.xml"
    ]


def test_an_empty_folder_is_told_from_one_without_epu_files(tmp_path: Path) -> None:
    assert scan_folder(tmp_path).empty
    (tmp_path / "readme.txt").touch()
    assert not scan_folder(tmp_path).empty


def test_a_folder_that_cannot_be_listed_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FolderMissingError, match=r"nowhere: No such file or directory"):
        scan_folder(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(FolderMissingError, match="Not a directory"):
        scan_folder(tmp_path / "file")


def test_nothing_is_written_or_opened(tmp_path: Path) -> None:
    folder = atlas_folder(tmp_path)
    (folder / f"{tile_name(0)}.mrc").touch()
    before = {path: path.stat() for path in tmp_path.rglob("*")}
    scan_folder(tmp_path)
    assert {path: path.stat() for path in tmp_path.rglob("*")} == before


def test_a_file_that_goes_during_the_listing_is_left_out(tmp_path: Path) -> None:
    (atlas_folder(tmp_path) / f"{tile_name(0)}.mrc").symlink_to(tmp_path / "nowhere")
    assert names(tmp_path) == []
