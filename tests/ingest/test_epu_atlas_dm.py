from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.epu import (
    AtlasDm,
    AtlasDmNode,
    AtlasDmTile,
    BadValue,
    EpuError,
    IncompleteFile,
    MissingValue,
    read_atlas_dm,
    read_image_xml,
)
from tests.ingest.epu_files import atlas_dm_xml

NODE = """
<KeyValuePairOfintNodeXml30oatNZW><key>90</key><value><Id>90</Id>
 <AlignedStagePosition><X>3E-06</X><Y>4E-06</Y></AlignedStagePosition><Category>2</Category>
 <FeatureVector/><PositionOnTheAtlas><Center><x>10.5</x><y>20.25</y></Center>
  <Physical><x>-9</x><y>-9</y></Physical><Quality>1.5</Quality><Rotation>-0.5</Rotation>
  <Size><height>30</height><width>31</width></Size></PositionOnTheAtlas>
 <StagePosition><X>1E-06</X><Y>2E-06</Y></StagePosition>
 <TilePositions><_items>
   <TilePositionXml><Id>91</Id><NodePosition><Center><x>5</x><y>6</y></Center></NodePosition>
    <TileId>70</TileId></TilePositionXml>
   <TilePositionXml i:nil="true"/><TilePositionXml i:nil="true"/></_items><_size>1</_size>
 </TilePositions></value></KeyValuePairOfintNodeXml30oatNZW>
"""


def tile(nodes: str = f"<Nodes><KeyValuePairs>{NODE}</KeyValuePairs></Nodes>") -> str:
    return f"""<TileXml><Id>70</Id>
    <AtlasPixelPosition><height>592</height><width>833</width><x>1584</x><y>-3</y>
    </AtlasPixelPosition>{nodes}
    <StagePosition><X>5E-06</X><Y>-6E-06</Y><Z>7E-05</Z></StagePosition>
    <TileImageReference><BaseFileName>Tile_70_3_55</BaseFileName></TileImageReference></TileXml>"""


def tiles(*items: str, size: int | None = None) -> str:
    padding = '<TileXml i:nil="true"/>' * 3
    count = len(items) if size is None else size
    entries = f"<_items>{''.join(items)}{padding}</_items><_size>{count}</_size>"
    return f"<TilesEfficient>{entries}</TilesEfficient>"


REFERENCE = "<AtlasImageReference><BaseFileName>Atlas_55</BaseFileName></AtlasImageReference>"


@pytest.fixture
def dm(tmp_path: Path) -> Path:
    return tmp_path / "Atlas.dm"


def read(dm: Path, content: str) -> AtlasDm:
    dm.write_text(atlas_dm_xml(content))
    return read_atlas_dm(dm)


def test_an_atlas_says_its_tiles_and_squares(dm: Path) -> None:
    assert read(dm, REFERENCE + tiles(tile())) == AtlasDm(
        atlas_image_name="Atlas_55",
        atlas_id=55,
        acquired_at=None,
        tiles=(
            AtlasDmTile(
                tile_id=70,
                name="Tile_70_3_55",
                index=3,
                rect_px=(1584, -3, 833, 592),
                stage_um=(pytest.approx(5.0), pytest.approx(-6.0), pytest.approx(70.0)),
                nodes=(
                    AtlasDmNode(
                        node_id=90,
                        category=2,
                        center_px=(10.5, 20.25),
                        size_px=(31.0, 30.0),
                        rotation_rad=-0.5,
                        quality=1.5,
                        stage_um=(pytest.approx(1.0), pytest.approx(2.0)),
                        aligned_stage_um=(pytest.approx(3.0), pytest.approx(4.0)),
                        tile_positions=((70, 5.0, 6.0),),
                    ),
                ),
            ),
        ),
        selected_categories=(),
        alignment=None,
    )


def test_the_empty_file_of_a_slot_has_no_atlas(dm: Path) -> None:
    nil = '<AtlasImageReference i:nil="true"/>'
    time = "<AcquisitionDateTime>2026-01-02T03:04:05Z</AcquisitionDateTime>"
    found = read(dm, time + nil + tiles())
    assert (found.atlas_id, found.atlas_image_name, found.tiles) == (None, None, ())
    assert found.acquired_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "nodes", ["", "<Nodes/>", '<Nodes i:nil="true"/>', "<Nodes><KeyValuePairs/></Nodes>"]
)
def test_a_tile_without_squares_has_none(dm: Path, nodes: str) -> None:
    assert read(dm, REFERENCE + tiles(tile(nodes))).tiles[0].nodes == ()


def test_entries_beyond_the_size_of_a_list_are_leftovers(dm: Path) -> None:
    assert len(read(dm, tiles(tile(), tile(), size=1)).tiles) == 1
    selected = "<SelectedCategories><_items><int>0</int><int>4</int><int>0</int></_items>"
    found = read(dm, selected + "<_size>2</_size></SelectedCategories>")
    assert found.selected_categories == (0, 4)


def test_a_square_without_category_quality_or_alignment_still_counts(dm: Path) -> None:
    bare = tile().replace("<Category>2</Category>", '<Category i:nil="true"/>')
    bare = bare.replace("AlignedStagePosition>", "Other>").replace("Quality>", "Other>")
    square = read(dm, tiles(bare)).tiles[0].nodes[0]
    assert (square.category, square.quality, square.aligned_stage_um) == (None, None, None)


def test_the_alignment_is_in_micrometres(dm: Path) -> None:
    found = read(
        dm,
        "<AtlasAlignmentTransformation><Rotation>-0.1</Rotation><Translation>"
        "<height>2E-05</height><width>1E-06</width></Translation></AtlasAlignmentTransformation>",
    )
    assert found.alignment is not None
    assert found.alignment.rotation_rad == -0.1
    assert found.alignment.translation_um == pytest.approx((1.0, 20.0))


@pytest.mark.parametrize("name", ["AtlasPixelPosition", "StagePosition", "TileImageReference"])
def test_a_tile_without_its_place_is_refused(dm: Path, name: str) -> None:
    with pytest.raises(MissingValue, match=f"TileXml/{name}"):
        read(dm, tiles(tile("").replace(name, f"No{name}")))


def test_a_place_that_is_no_number_is_refused(dm: Path) -> None:
    with pytest.raises(BadValue, match="Center/x, found NaN"):
        read(dm, tiles(tile().replace("<x>10.5</x>", "<x>NaN</x>")))


def test_a_name_that_is_no_atlas_has_no_id(dm: Path) -> None:
    found = read(dm, REFERENCE.replace("Atlas_55", "Overview_3"))
    assert (found.atlas_image_name, found.atlas_id) == ("Overview_3", None)


def test_a_file_cut_anywhere_is_incomplete(dm: Path) -> None:
    whole = atlas_dm_xml(REFERENCE + tiles(tile())).encode()
    for cut in range(0, len(whole), 11):
        dm.write_bytes(whole[:cut])
        with pytest.raises(IncompleteFile):
            read_atlas_dm(dm)


def test_a_rewrite_in_place_with_the_old_end_behind_it_is_refused(dm: Path) -> None:
    old, new = atlas_dm_xml(REFERENCE + tiles(tile())), atlas_dm_xml(REFERENCE)
    dm.write_text(new + old[len(new) :])
    with pytest.raises(EpuError):
        read_atlas_dm(dm)


@pytest.mark.real
def test_the_real_vectors_hold(real_session: Path) -> None:
    found = read_atlas_dm(real_session / "Sample4/Atlas/Atlas.dm")
    assert (found.atlas_id, len(found.tiles)) == (19495690, 35)
    assert found.selected_categories == (0, 4, 3, 1, 2)
    assert found.alignment is None
    by_index = {tile.index: tile for tile in found.tiles}
    assert sorted(by_index) == list(range(35))
    for index, tile_id, rect, stage in [
        (0, 19495697, (1584, 1687, 833, 592), (0.001, 0.015)),
        (1, 19495710, (1584, 2249, 833, 592), (16.186, 270.829)),
        (2, 19495726, (2376, 2249, 833, 592), (-353.285, 294.230)),
        (29, 19497084, (3167, 3374, 833, 592), (-690.388, 859.234)),
        (34, 19497243, (2, 1, 833, 592), (690.389, -859.207)),
    ]:
        assert by_index[index].tile_id == tile_id
        assert by_index[index].rect_px == rect
        assert by_index[index].stage_um[:2] == pytest.approx(stage, abs=0.0006)
    square = next(node for node in by_index[0].nodes if node.node_id == 19496077)
    assert square.category == 2
    assert square.center_px == pytest.approx((1695.769, 1730.624), abs=0.0006)
    assert square.size_px == pytest.approx((76.078, 77.970), abs=0.0006)
    assert square.rotation_rad == pytest.approx(-0.60178, abs=1e-5)
    assert square.stage_um == pytest.approx((134.738, -130.513), abs=0.0006)
    assert square.aligned_stage_um == square.stage_um
    assert [position[0] for position in square.tile_positions] == [19495697, 19495769]
    assert square.tile_positions[0][1:] == pytest.approx((388.46, 150.69), abs=0.006)
    assert square.tile_positions[1][1:] == pytest.approx((380.43, 2029.91), abs=0.006)


@pytest.mark.real
def test_real_atlases_of_two_versions_hold_all_their_squares(
    real_session: Path, real_epu_files: Path
) -> None:
    folders = {
        real_session / "Sample2/Atlas": 272,
        real_session / "Sample4/Atlas": 392,
        real_epu_files / "dls24": 222,
    }
    for folder, count in folders.items():
        found = read_atlas_dm(folder / "Atlas.dm")
        ids = [node.node_id for tile in found.tiles for node in tile.nodes]
        assert len(ids) == len(set(ids)) == count
        assert [tile.index for tile in found.tiles] == list(range(35))
    assert found.alignment is not None
    assert found.alignment.translation_um == pytest.approx((0.71, 16.69), abs=0.01)


@pytest.mark.real
def test_real_tiles_lie_in_atlas_dm_where_their_own_xml_says(real_session: Path) -> None:
    folder = real_session / "Sample2/Atlas"
    for tile in read_atlas_dm(folder / "Atlas.dm").tiles:
        assert read_image_xml(folder / f"{tile.name}.xml").stage_um == tile.stage_um


@pytest.mark.real
@pytest.mark.parametrize("sample", [0, 1])
def test_the_real_skeleton_of_a_slot_is_empty(real_session: Path, sample: int) -> None:
    found = read_atlas_dm(real_session / f"Sample{sample}/Atlas/Atlas.dm")
    assert (found.atlas_id, found.tiles) == (None, ())
    assert found.acquired_at is not None


@pytest.mark.real
def test_a_real_atlas_caught_half_written_is_incomplete(real_session: Path, dm: Path) -> None:
    whole = (real_session / "Sample4/Atlas/Atlas.dm").read_bytes()
    for cut in range(1, len(whole), len(whole) // 10):
        dm.write_bytes(whole[:cut])
        with pytest.raises(IncompleteFile):
            read_atlas_dm(dm)
