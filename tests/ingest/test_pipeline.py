import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingest.pipeline import TAKEN, Pipeline
from ingest.records import (
    AtlasKey,
    FileState,
    FrameSource,
    GridState,
    StageSource,
    TileRecord,
    TileState,
)
from tests.ingest.epu_files import SESSION, atlas_folder, tile_name
from tests.ingest.folders import (
    ATLAS_ID,
    GRID,
    RecordingSink,
    atlas_dm,
    take,
    write_atlas,
    write_tile,
)

KEY = AtlasKey(session_key=SESSION, sample=1, epu_atlas_id=ATLAS_ID)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("epu")
    write_atlas(root)
    return root


@pytest.fixture
def root(written: Path, tmp_path: Path) -> Path:
    """A folder of its own for a test that changes it."""
    return shutil.copytree(written, tmp_path / "epu")


def files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


def run(root: Path, paths: list[Path]) -> RecordingSink:
    """Take files and settle after each."""
    sink = RecordingSink()
    pipeline = Pipeline(sink, clock=lambda: 0.0)
    for path in paths:
        take(pipeline, root, path)
        pipeline.settle()
    pipeline.settle(final=True)
    return sink


@pytest.fixture(scope="module")
def in_order(written: Path) -> RecordingSink:
    sink = RecordingSink()
    pipeline = Pipeline(sink, clock=lambda: 0.0)
    for path in files(written):
        take(pipeline, written, path)
    pipeline.settle(final=True)
    return sink


def test_a_folder_becomes_a_session_a_grid_an_atlas_its_tiles_and_squares(
    in_order: RecordingSink,
) -> None:
    atlas = in_order.atlases[KEY]

    assert list(in_order.sessions) == [SESSION]
    assert list(in_order.grids) == [1]
    assert atlas.complete
    assert atlas.tiles_planned == 4
    assert atlas.frame_source is FrameSource.ATLAS_DM
    assert atlas.pixel_nm == pytest.approx(500, rel=2e-3)
    assert atlas.mesh_pitch_um == 85
    assert atlas.mesh_rotation_deg == -26
    assert atlas.film_level == pytest.approx(6000, rel=0.03)
    assert {t.state for t in in_order.tiles.values()} == {TileState.PLACED}
    assert {(t.column, t.row) for t in in_order.tiles.values()} == {(0, 0), (0, 1), (1, 1), (1, 0)}


def test_every_square_has_its_place_its_stage_position_and_epus_number(
    in_order: RecordingSink,
) -> None:
    complete = [
        s for s in in_order.squares[KEY].squares if s.complete and s.epu_node_id is not None
    ]

    assert len(complete) > 15
    for square in complete:
        made = GRID[square.epu_node_id or 0]
        assert square.stage_x_um == pytest.approx(-made.x_um, abs=0.6)
        assert square.stage_y_um == pytest.approx(made.y_um, abs=0.6)
        assert square.aligned_stage_x_um == pytest.approx(1 - made.x_um, abs=0.01)
        assert square.stage_source is StageSource.EPU_NODES
        assert square.width_px == pytest.approx(90, abs=4)


def test_all_bytes_that_records_name_were_sent(in_order: RecordingSink) -> None:
    named = {sha for tile in in_order.tiles.values() for sha in tile.images}
    for square in in_order.squares[KEY].squares:
        assert square.crop_sha256 is not None
        assert square.thumbnail_sha256 is not None
        named |= {square.crop_sha256, square.thumbnail_sha256}

    assert all(len(tile.images) == 3 for tile in in_order.tiles.values())
    assert named <= set(in_order.blobs)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_files_in_any_order_and_settled_one_by_one_end_in_the_same_records(
    written: Path, in_order: RecordingSink, seed: int
) -> None:
    shuffled = files(written)
    random.Random(seed).shuffle(shuffled)

    sink = run(written, shuffled)

    assert sink.atlases == in_order.atlases
    assert sink.squares == in_order.squares
    assert sink.tiles == in_order.tiles
    assert set(in_order.blobs) <= set(sink.blobs)


def test_nothing_is_sent_twice(written: Path) -> None:
    sink = RecordingSink()
    pipeline = Pipeline(sink, clock=lambda: 0.0)
    previews = [path for path in files(written) if path.suffix == ".jpg"]
    for path in files(written):
        if path not in previews:
            take(pipeline, written, path)
    pipeline.settle(final=True)
    once = list(sink.sent)

    pipeline.settle(final=True)
    for path in [*previews, atlas_folder(written) / "Atlas.dm"]:
        take(pipeline, written, path)
    pipeline.settle(final=True)

    assert sink.sent == once


def test_a_tile_without_its_xml_waits_and_says_so(root: Path) -> None:
    missing = atlas_folder(root) / f"{tile_name(1)}.xml"
    missing.unlink()

    sink = run(root, files(root))

    assert sink.tiles[tile_name(1)].state is TileState.WAITING
    assert "waiting for its XML" in (sink.tiles[tile_name(1)].reason or "")
    assert not sink.atlases[KEY].complete
    assert [sink.tiles[tile_name(i)].state for i in (0, 2, 3)] == [TileState.PLACED] * 3


def test_a_truncated_mrc_fails_its_tile_and_no_other(root: Path) -> None:
    path = atlas_folder(root) / f"{tile_name(2)}.mrc"
    path.write_bytes(path.read_bytes()[:-5000])
    sink = RecordingSink()
    pipeline = Pipeline(sink, clock=lambda: 0.0)

    outcomes = [take(pipeline, root, found).state for found in files(root)]
    pipeline.settle(final=True)

    assert outcomes.count(FileState.FAILED) == 1
    record = sink.tiles[tile_name(2)]
    assert record.state is TileState.FAILED
    assert path.name in (record.reason or "")
    assert "expected" in (record.reason or "")
    assert [sink.tiles[tile_name(i)].state for i in (0, 1, 3)] == [TileState.PLACED] * 3
    assert sink.squares[KEY].squares


def test_a_truncated_mrc_that_becomes_whole_is_placed(root: Path, in_order: RecordingSink) -> None:
    path = atlas_folder(root) / f"{tile_name(2)}.mrc"
    whole = path.read_bytes()
    path.write_bytes(whole[:-5000])
    sink = RecordingSink()
    pipeline = Pipeline(sink, clock=lambda: 0.0)
    for found in files(root):
        take(pipeline, root, found)
    pipeline.settle()

    path.write_bytes(whole)
    taken = take(pipeline, root, path)
    pipeline.settle(final=True)

    assert taken.state is FileState.READ
    assert sink.tiles == in_order.tiles
    assert sink.squares == in_order.squares


def test_previews_alone_are_used_once_no_better_image_is_coming(root: Path) -> None:
    for path in files(root):
        if path.suffix == ".mrc":
            path.unlink()
    sink = RecordingSink()
    pipeline = Pipeline(sink, clock=lambda: 0.0)
    for path in files(root):
        take(pipeline, root, path)

    pipeline.settle()
    before = {name: tile.state for name, tile in sink.tiles.items()}
    pipeline.settle(final=True)

    assert set(before.values()) == {TileState.WAITING}
    assert {tile.pixels_from for tile in sink.tiles.values()} == {"jpg"}
    assert len(sink.squares[KEY].squares) > 15


def test_a_preview_waits_its_time_for_the_mrc(root: Path) -> None:
    now = [0.0]
    sink = RecordingSink()
    pipeline = Pipeline(sink, clock=lambda: now[0], preview_grace_s=5.0)
    stem = atlas_folder(root) / tile_name(0)
    take(pipeline, root, stem.with_suffix(".xml"))
    take(pipeline, root, stem.with_suffix(".jpg"))

    for seconds, state in ((4.9, TileState.WAITING), (5.0, TileState.PLACED)):
        now[0] = seconds
        pipeline.settle()
        assert sink.tiles[tile_name(0)].state is state


def test_files_that_waited_are_told_once_what_became_of_them(root: Path) -> None:
    now = [0.0]
    pipeline = Pipeline(RecordingSink(), clock=lambda: now[0], preview_grace_s=5.0)
    whole, broken = (atlas_folder(root) / tile_name(index) for index in (0, 1))
    broken.with_suffix(".jpg").write_bytes(b"no picture")
    for stem in (whole, broken):
        for suffix in (".xml", ".jpg"):
            taken = take(pipeline, root, stem.with_suffix(suffix))
            assert taken.state is FileState.WAITING

    pipeline.news()
    early = pipeline.take_late()
    now[0] = 5.0
    pipeline.news()
    late = [(sorted(path.name for path in paths), taken) for paths, taken in pipeline.take_late()]

    assert early == []
    assert late[0] == ([f"{whole.name}.jpg", f"{whole.name}.xml"], TAKEN)
    assert late[1][0] == [f"{broken.name}.jpg"]
    assert late[1][1].state is FileState.FAILED
    assert str(broken.with_suffix(".jpg")) in (late[1][1].reason or "")
    assert pipeline.take_late() == []


@contextmanager
def refused(path: Path) -> Iterator[None]:
    """A folder in a file's place: the file system refuses to read it."""
    aside = path.with_suffix(".aside")
    path.rename(aside)
    path.mkdir()
    yield
    path.rmdir()
    aside.rename(path)


def test_a_tile_that_the_file_system_refuses_is_read_again_later(
    root: Path, in_order: RecordingSink
) -> None:
    now, sink = [0.0], RecordingSink()
    pipeline = Pipeline(sink, clock=lambda: now[0])
    paths = files(root)
    with refused(atlas_folder(root) / f"{tile_name(1)}.mrc"):
        for path in paths:
            take(pipeline, root, path)
        pipeline.settle()
        waiting, complete = sink.tiles[tile_name(1)], sink.atlases[KEY].complete
        for now[0] in (2.0, 5.9):
            pipeline.settle()
        again = pipeline.take_late()
    now[0] = 6.0
    pipeline.settle()

    assert (waiting.state, complete) == (TileState.WAITING, False)
    assert "cannot be read, is tried again" in (waiting.reason or "")
    assert [taken.state for _, taken in again] == [FileState.WAITING]
    assert [taken for _, taken in pipeline.take_late()] == [TAKEN]
    assert sink.atlases[KEY].complete
    assert sink.squares == in_order.squares


def test_a_crop_that_could_not_be_cut_is_cut_later(root: Path, in_order: RecordingSink) -> None:
    now, sink = [0.0], RecordingSink()
    pipeline = Pipeline(sink, clock=lambda: now[0])
    for path in files(root):
        take(pipeline, root, path)
    with refused(atlas_folder(root) / f"{tile_name(1)}.mrc"):
        pipeline.settle()
    uncut = [s for s in sink.squares[KEY].squares if s.crop_sha256 is None]
    complete = sink.atlases[KEY].complete
    now[0] = 2.0
    pipeline.settle()

    assert uncut
    assert not complete
    assert sink.squares == in_order.squares
    assert sink.atlases[KEY].complete


def test_an_atlas_that_cannot_be_sent_holds_up_no_other(root: Path) -> None:
    class Refusing(RecordingSink):
        def put_tile(self, record: TileRecord) -> None:
            if record.atlas == KEY:
                raise ValueError("not this one")
            super().put_tile(record)

    other = write_atlas(root, atlas_id=ATLAS_ID + 1)
    sink = Refusing()
    pipeline = Pipeline(sink, clock=lambda: 0.0)
    for path in [*files(root), *other]:
        take(pipeline, root, path)
    for _ in range(2):
        with pytest.raises(ValueError, match="not this one"):
            pipeline.settle()

    assert list(sink.squares) == [
        AtlasKey(session_key=SESSION, sample=1, epu_atlas_id=ATLAS_ID + 1)
    ]
    assert pipeline.news() == [KEY]


def test_a_half_written_atlas_dm_waits_and_is_read_when_whole(
    root: Path, in_order: RecordingSink
) -> None:
    path = atlas_folder(root) / "Atlas.dm"
    whole = path.read_text()
    path.write_text(whole[: len(whole) // 2])
    sink = RecordingSink()
    pipeline = Pipeline(sink, clock=lambda: 0.0)
    outcomes = [take(pipeline, root, found) for found in [path, *files(root)]]
    pipeline.settle()
    nominal = sink.atlases[KEY]

    path.write_text(whole)
    take(pipeline, root, path)
    pipeline.settle(final=True)

    assert outcomes[0].state is FileState.WAITING
    assert nominal.frame_source is FrameSource.NOMINAL
    assert not nominal.complete
    assert sink.atlases == in_order.atlases
    assert sink.squares == in_order.squares


def test_a_tile_written_again_replaces_what_was_read_of_it(root: Path) -> None:
    sink = RecordingSink()
    pipeline = Pipeline(sink, clock=lambda: 0.0)
    for path in files(root):
        take(pipeline, root, path)
    pipeline.settle(final=True)
    before = {s.epu_node_id: s.crop_sha256 for s in sink.squares[KEY].squares}

    for path in write_tile(atlas_folder(root), 0, level=0.8):
        take(pipeline, root, path)
    pipeline.settle(final=True)

    after = {s.epu_node_id: s.crop_sha256 for s in sink.squares[KEY].squares}
    changed = {node for node in before.keys() & after.keys() if before[node] != after[node]}
    assert len(changed) >= 3
    assert changed < before.keys()  # squares that this tile does not show keep their crops
    fresh = RecordingSink()
    again = Pipeline(fresh, clock=lambda: 0.0)
    for path in files(root):
        take(again, root, path)
    again.settle(final=True)
    assert sink.squares == fresh.squares
    assert sink.tiles == fresh.tiles


def test_two_atlases_in_one_folder_are_kept_apart_and_atlas_dm_goes_to_the_one_it_names(
    root: Path,
) -> None:
    later = ATLAS_ID + 400
    for index in (0, 1):
        write_tile(atlas_folder(root), index, atlas_id=later)

    sink = run(root, files(root))

    other = KEY.model_copy(update={"epu_atlas_id": later})
    assert set(sink.atlases) == {KEY, other}
    assert sink.atlases[KEY].frame_source is FrameSource.ATLAS_DM
    assert sink.atlases[other].frame_source is FrameSource.NOMINAL
    assert {t.atlas.epu_atlas_id for t in sink.tiles.values()} == {ATLAS_ID, later}
    assert all(s.epu_node_id is None for s in sink.squares[other].squares)


def test_an_atlas_dm_of_another_atlas_is_not_used(root: Path) -> None:
    (atlas_folder(root) / "Atlas.dm").write_text(atlas_dm(ATLAS_ID + 1))

    sink = run(root, files(root))

    assert sink.atlases[KEY].frame_source is FrameSource.NOMINAL
    assert not sink.atlases[KEY].complete


def test_a_file_that_has_gone_before_it_was_read_fails_its_tile(root: Path) -> None:
    sink = RecordingSink()
    pipeline = Pipeline(sink, clock=lambda: 0.0)
    path = atlas_folder(root) / f"{tile_name(0)}.mrc"
    path.unlink()

    taken = take(pipeline, root, path)
    pipeline.settle(final=True)

    assert taken.state is not FileState.READ
    assert sink.tiles[tile_name(0)].state is not TileState.PLACED
    assert sink.tiles[tile_name(0)].reason


def test_a_sample_dm_names_its_grid(root: Path) -> None:
    path = atlas_folder(root).parent / "Sample.dm"
    path.write_text(
        "<SampleXml><AcquisitionPercentageCompleted>40</AcquisitionPercentageCompleted>"
        "<AtlasAcquisitionStatus>Idle</AtlasAcquisitionStatus><Name>good grid</Name>"
        "<SlotId>0</SlotId></SampleXml>"
    )

    sink = run(root, [path])

    assert (sink.grids[1].name, sink.grids[1].slot) == ("good grid", 0)
    assert sink.grids[1].state is GridState.ACQUIRING
