from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.epu import (
    BadValue,
    IncompleteFile,
    MissingValue,
    TileMetadata,
    read_atlas_xml,
    read_image_xml,
)
from tests.ingest.epu_files import image_xml


@pytest.fixture
def xml(tmp_path: Path) -> Path:
    return tmp_path / "Tile_507_0_500.xml"


def read(xml: Path, text: str) -> TileMetadata:
    xml.write_text(text)
    return read_image_xml(xml)


def test_a_tile_says_where_and_how_it_was_taken(xml: Path) -> None:
    assert read(xml, image_xml()) == TileMetadata(
        stage_um=(1.0, -2.5, pytest.approx(70.0)),
        pixel_nm=pytest.approx(140.0),
        matrix_nm=(pytest.approx(70.0), 0.0, 0.0, pytest.approx(-70.0)),
        binning=2,
        width_px=64,
        height_px=48,
        acquired_at=datetime(2023, 9, 19, 11, 29, 59, 889728, UTC),
        dose_per_px=9.5,
        camera="EF-CCD",
        magnification=135.0,
        voltage_kv=300.0,
        exposure_s=1.0,
        instrument_id="3632",
        instrument_model="TITAN1",
        unique_id="a-guid",
        software=None,
    )


def test_what_only_describes_may_be_missing(xml: Path) -> None:
    text = image_xml(custom={})
    for name in ("acquisitionDateTime", "AccelerationVoltage", "NominalMagnification", "Name"):
        text = text.replace(f"<{name}>", f'<{name} i:nil="true">')
    for name in ("uniqueID", "InstrumentID", "Binning", "Position", "matrix"):
        text = text.replace(f"<{name}", f"<No{name}").replace(f"</{name}", f"</No{name}")
    found = read(xml, text)
    assert found.pixel_nm == pytest.approx(140.0)
    assert found.stage_um is None
    assert found.matrix_nm is None
    assert found.binning is None
    assert found.acquired_at is None
    assert found.dose_per_px is None
    assert found.unique_id is None


def test_a_dose_below_nothing_is_nothing(tmp_path: Path) -> None:
    path = tmp_path / "Tile_507_0_500.xml"
    path.write_text(image_xml(custom={"DoseOnCamera": "-0.0123"}))
    assert read_image_xml(path).dose_per_px == 0


def test_a_tile_without_pixel_size_is_refused(xml: Path) -> None:
    with pytest.raises(MissingValue, match="pixelSize"):
        read(xml, image_xml().replace("pixelSize", "other"))


@pytest.mark.parametrize("pixel_m", ["0", "-1E-07", "NaN"])
def test_an_impossible_pixel_size_is_refused(xml: Path, pixel_m: str) -> None:
    with pytest.raises(BadValue, match="numericValue"):
        read(xml, image_xml(pixel_m=pixel_m))


def test_a_stage_position_that_is_no_number_is_refused(xml: Path) -> None:
    with pytest.raises(BadValue, match="Position/Y"):
        read(xml, image_xml(stage_m=("0", "NaN", "0")))


@pytest.mark.parametrize("size", [("0", "48"), ("64", "-2"), ("9999999", "48"), ("6.5", "48")])
def test_an_impossible_image_size_is_refused(xml: Path, size: tuple[str, str]) -> None:
    with pytest.raises(BadValue, match="ReadoutArea"):
        read(xml, image_xml(size=size))


def test_a_matrix_that_maps_the_image_onto_a_line_is_refused(xml: Path) -> None:
    with pytest.raises(BadValue, match="invertible ReferenceTransformation"):
        read(xml, image_xml().replace("-7E-08", "0"))


def test_a_pretty_printed_copy_reads_the_same(xml: Path) -> None:
    line = image_xml()
    assert read(xml, line.replace("><", ">\r\n  <")) == read(xml, line)


def test_an_atlas_image_counts_its_tiles(xml: Path) -> None:
    counts = {"NumberOfTilesPlanned": "35", "NumberOfTilesAcquired": "12"}
    xml.write_text(image_xml(custom=counts, stage_m=("-0", "0", "0")))
    found = read_atlas_xml(xml)
    assert (found.tiles_planned, found.tiles_acquired) == (35, 12)
    assert str(found.image.stage_um) == "(0.0, 0.0, 0.0)"


def test_an_atlas_image_without_counters_says_so(xml: Path) -> None:
    xml.write_text(image_xml())
    found = read_atlas_xml(xml)
    assert (found.tiles_planned, found.tiles_acquired) == (None, None)


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "stage_um"),
    [
        ("Tile_19495697_0", (0.001, 0.015)),
        ("Tile_19495710_1", (16.186, 270.829)),
        ("Tile_19495726_2", (-353.285, 294.230)),
        ("Tile_19497084_29", (-690.388, 859.234)),
        ("Tile_19497243_34", (690.389, -859.207)),
    ],
)
def test_a_real_tile_lies_where_epu_put_it(
    real_session: Path, name: str, stage_um: tuple[float, float]
) -> None:
    found = read_image_xml(real_session / "Sample4/Atlas" / f"{name}_19495690.xml")
    assert found.stage_um is not None
    assert found.stage_um[:2] == pytest.approx(stage_um, abs=0.0006)
    assert found.matrix_nm == pytest.approx(
        (69.661097546716, -4.295524596407, -4.295524596407, -69.661097546716)
    )
    assert found.pixel_nm == pytest.approx(139.58681677195)
    assert (found.binning, found.width_px, found.height_px) == (2, 2880, 2046)


@pytest.mark.real
def test_every_real_tile_reads_and_is_in_order_of_time(real_session: Path) -> None:
    for atlas in ("Sample2/Atlas", "Sample4/Atlas"):
        files = sorted(
            (real_session / atlas).glob("Tile_*.xml"), key=lambda path: int(path.stem.split("_")[2])
        )
        found = [read_image_xml(path) for path in files]
        times = [tile.acquired_at for tile in found if tile.acquired_at is not None]
        assert len(times) == 35
        assert times == sorted(times)
        assert len({tile.unique_id for tile in found}) == 35
        assert all(tile.dose_per_px is not None for tile in found)


@pytest.mark.real
def test_real_atlas_images_of_two_microscopes_read(
    real_session: Path, real_epu_files: Path
) -> None:
    krios = read_atlas_xml(real_session / "Sample4/Atlas/Atlas_19495690.xml")
    talos = read_atlas_xml(real_epu_files / "talos-ceta/Atlas_1.xml")
    assert (krios.tiles_planned, krios.tiles_acquired) == (35, 35)
    assert (talos.tiles_planned, talos.tiles_acquired) == (36, 36)
    assert krios.image.pixel_nm == pytest.approx(482.46497, abs=1e-5)
    assert talos.image.pixel_nm == pytest.approx(515.2, abs=1e-4)
    assert talos.image.matrix_nm == pytest.approx((-51.7, 512.6, 512.6, 51.7), abs=0.05)
    assert (talos.image.binning, talos.image.voltage_kv, talos.image.camera) == (1, 120, "BM-Ceta")


@pytest.mark.real
def test_the_xml_of_a_grid_square_reads_as_well(real_epu_files: Path) -> None:
    found = read_image_xml(real_epu_files / "dls24/GridSquare_20240406_102420.xml")
    assert found.software == "EPU 3.7.0.6930"
    assert found.acquired_at == datetime(2024, 4, 6, 9, 24, 17, 853431, UTC)


@pytest.mark.real
def test_a_real_tile_cut_anywhere_is_incomplete(real_session: Path, tmp_path: Path) -> None:
    whole = (real_session / "Sample4/Atlas/Tile_19495697_0_19495690.xml").read_bytes()
    copy = tmp_path / "cut.xml"
    for cut in range(0, len(whole), 137):
        copy.write_bytes(whole[:cut])
        with pytest.raises(IncompleteFile):
            read_image_xml(copy)
