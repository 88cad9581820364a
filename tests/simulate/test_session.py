import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from ingest.epu import (
    Completeness,
    inspect_file,
    read_atlas_dm,
    read_atlas_xml,
    read_image_xml,
    read_mrc_metadata,
    read_sample_dm,
    read_screening_session,
)
from simulate.session import SessionPlan, SquareTruth, write_session
from simulate.stage import TileView, tile_pixel
from simulate.variant import Variant
from tests.simulate.sessions import SMALL, plan, read_all

Written = tuple[Path, list[SquareTruth]]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    out = tmp_path_factory.mktemp("session") / "out"
    return out, write_session(out, plan())


def atlas_folder(out: Path, sample: int = 1) -> Path:
    return next(out.glob(f"Supervisor_*/Sample{sample}/Atlas"))


def test_every_file_that_epu_writes_is_there(written: Written) -> None:
    folder = atlas_folder(written[0])
    assert len(list(folder.glob("Tile_*.mrc"))) == 9
    assert len(list(folder.glob("Tile_*.xml"))) == 9
    assert len(list(folder.glob("Tile_*.jpg"))) == 9
    assert {p.suffix for p in folder.glob("Atlas_*")} == {".mrc", ".xml", ".jpg"}
    session = folder.parent.parent
    assert (session / "ScreeningSession.dm").is_file()
    assert (session / "Sample0" / "Atlas" / "Atlas.dm").is_file()


def test_each_mrc_is_whole_and_says_the_same_as_its_xml(written: Written) -> None:
    for path in atlas_folder(written[0]).glob("Tile_*.mrc"):
        assert inspect_file(path).completeness is Completeness.WHOLE
        from_mrc, from_xml = read_mrc_metadata(path), read_image_xml(path.with_suffix(".xml"))
        assert from_mrc is not None
        assert from_mrc.stage_um == pytest.approx(from_xml.stage_um)
        assert from_mrc.matrix_nm == pytest.approx(from_xml.matrix_nm)
        assert from_mrc.pixel_nm == pytest.approx(from_xml.pixel_nm)
        assert from_mrc.dose_per_px == pytest.approx(from_xml.dose_per_px)


def test_atlas_dm_gives_the_positions_of_the_truth(written: Written) -> None:
    out, truth = written
    atlas = read_atlas_dm(atlas_folder(out) / "Atlas.dm")
    nodes = {node.node_id: node for tile in atlas.tiles for node in tile.nodes}
    assert len(truth) > 30
    assert set(nodes) == {square.node_id for square in truth}
    for square in truth:
        node = nodes[square.node_id]
        assert node.stage_um == pytest.approx((square.stage_x_um, square.stage_y_um), abs=0.01)
        assert node.center_px == pytest.approx((square.atlas_x_px, square.atlas_y_px), abs=0.05)


def test_every_tile_that_shows_a_square_shows_it_where_the_stage_model_says(
    written: Written,
) -> None:
    atlas = read_atlas_dm(atlas_folder(written[0]) / "Atlas.dm")
    stages = {tile.tile_id: tile.stage_um for tile in atlas.tiles}
    shown = 0
    for node in (node for tile in atlas.tiles for node in tile.nodes):
        for tile_id, x, y in node.tile_positions:
            view = TileView(0, 0, 0, stages[tile_id][:2])
            expected = tile_pixel(SMALL, view, node.stage_um)
            assert (x, y) == pytest.approx(expected, abs=0.05 / SMALL.pixel_um)
            shown += 1
    assert shown > len({n.node_id for t in atlas.tiles for n in t.nodes})


def test_counters_and_status_say_that_it_is_finished(written: Written) -> None:
    folder = atlas_folder(written[0])
    image = read_atlas_xml(next(folder.glob("Atlas_*.xml")))
    assert (image.tiles_planned, image.tiles_acquired) == (9, 9)
    sample = read_sample_dm(folder.parent / "Sample.dm")
    assert (sample.status, sample.percent, sample.slot) == ("Acquired", 100, 0)
    session = read_screening_session(folder.parent.parent / "ScreeningSession.dm")
    assert session.name == folder.parent.parent.name


def test_squares_found_in_the_pixels_are_those_of_the_truth(written: Written) -> None:
    out, truth = written
    (atlas,) = [a for a in read_all(out) if a.squares]
    there = np.array([(s.stage_x_um, s.stage_y_um) for s in truth])
    found = [(s.record.stage_x_um, s.record.stage_y_um) for s in atlas.squares if s.record.complete]
    distances = [float(np.hypot(*(there - position).T).min()) for position in found]
    assert len(found) > 25
    assert np.mean(np.array(distances) < 3.0) > 0.9


def test_the_truth_lies_beside_the_session(written: Written) -> None:
    out, truth = written
    lines = [json.loads(line) for line in (out / "truth.jsonl").read_text("utf-8").splitlines()]
    assert [line["node_id"] for line in lines] == [square.node_id for square in truth]


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path, written: Written) -> None:
    write_session(tmp_path / "again", plan())
    first = {p.relative_to(written[0]): p for p in written[0].rglob("*") if p.is_file()}
    for name, path in first.items():
        assert (tmp_path / "again" / name).read_bytes() == path.read_bytes(), name


@pytest.mark.parametrize(
    ("variant", "tiles"),
    [
        (Variant.REACQUIRED, 9),
        (Variant.ABORTED, 8),
        (Variant.NEARLY_EMPTY, 9),
        (Variant.PREVIEWS_ONLY, 9),
        (Variant.TIFF, 9),
    ],
)
def test_ingest_reads_each_variant(tmp_path: Path, variant: Variant, tiles: int) -> None:
    out = tmp_path / "out"
    truth = write_session(out, plan(variant))
    atlases = read_all(out)
    last = max((a for a in atlases), key=lambda a: a.epu_atlas_id or 0)
    assert not list(out.rglob("*.tmp"))
    names = {p.stem for p in atlas_folder(out).glob(f"Tile_*_{last.epu_atlas_id}.xml")}
    assert len(names) == tiles
    if variant is Variant.NEARLY_EMPTY:
        assert len(last.squares) < 10
    else:
        assert len(last.squares) > 0.7 * len(truth)
    assert len(atlases) == (2 if variant is Variant.REACQUIRED else 1)


def test_atlas_dm_is_a_skeleton_first_then_grows_with_the_atlas(tmp_path: Path) -> None:
    seen: list[tuple[int, int, float | None]] = []

    def look(_new_tiles: int) -> None:
        folder = atlas_folder(tmp_path / "out")
        atlas = read_atlas_dm(folder / "Atlas.dm")
        image = read_atlas_xml(next(folder.glob("Atlas_*.xml")))
        percent = read_sample_dm(folder.parent / "Sample.dm").percent
        seen.append((sum(len(t.nodes) for t in atlas.tiles), image.tiles_acquired or 0, percent))

    write_session(tmp_path / "out", plan(), progress=look)
    nodes, acquired, percents = zip(*seen, strict=True)
    assert nodes[0] == 0
    assert list(nodes) == sorted(nodes)
    assert 0 < nodes[-2] <= nodes[-1]
    assert acquired == (*range(1, 10), 9)
    assert percents[-1] == 100
    assert list(percents) == sorted(percents)


def test_waiting_times_are_epus_divided_by_the_speed(tmp_path: Path) -> None:
    quick = SessionPlan(instrument=SMALL, seed=4, speed=1e9)
    write_session(tmp_path / "out", quick)
    times = [
        read_image_xml(path).acquired_at
        for path in sorted(
            atlas_folder(tmp_path / "out").glob("Tile_*.xml"),
            key=lambda p: int(p.stem.split("_")[2]),
        )
    ]
    steps = [
        round((b - a).total_seconds(), 1)
        for a, b in itertools.pairwise(times)
        if a is not None and b is not None
    ]
    assert steps == [12.2, 15.4, 12.2, 12.2, 15.4, 15.4, 12.2, 12.2]


def test_the_truth_counts_the_dirt_that_is_left_to_see(written: Written, tmp_path: Path) -> None:
    def place(square: SquareTruth) -> tuple[int, int]:
        return round(square.stage_x_um / 10), round(square.stage_y_um / 10)

    fine = {place(square): square.contamination for square in written[1]}
    coarse = write_session(tmp_path / "out", plan(Variant.PREVIEWS_ONLY))
    lost = [fine[place(s)] - s.contamination for s in coarse if place(s) in fine]
    assert len(lost) > 50
    assert min(lost) >= -0.01
    assert max(lost) > 0.05
