"""Exports: what each program reads, and what is never written."""

import csv
import io
import json
from pathlib import Path
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from ingest.records import GridRecord
from service.database import Database
from service.exports import ExportFormat
from service.schemas import SquareAnswer
from service.screened import ScreenedSquare, write_answer
from tests.service.examples import (
    KEY,
    KEY_JSON,
    MODEL,
    get_grid,
    get_squares,
    make_png,
    make_square,
    put_atlas,
    put_blob,
    put_squares,
    register,
    score,
)


@pytest.fixture
def ids(client: TestClient, database: Database) -> list[str]:
    """Make three squares: one scored 3 that is taken, one scored 2 and skipped, one waiting."""
    register(database)
    put_atlas(client)
    crop = {"crop_sha256": put_blob(client, make_png()), "crop_full_scale": 512.0}
    made = put_squares(
        client,
        [
            make_square(10, 20, **crop, epu_node_id=71, stage_z_um=-5.25, stage_residual_um=2.0),
            make_square(200, 20, **crop, epu_node_id=72),
            make_square(400, 20),
        ],
    )
    score(database, {made[0]: 3.0, made[1]: 2.0})
    rows = [{"square_id": made[0], "kind": "take"}, {"square_id": made[1], "kind": "skip"}]
    client.post("/api/v1/decisions", json=rows)
    return made


def export(client: TestClient, form: str, **params: object) -> str:
    path = f"/api/v1/grids/{get_grid(client)['id']}/export"
    answer = client.get(path, params={"format": form} | params)
    assert answer.status_code == 200, answer.text
    assert "attachment; filename=" in answer.headers["content-disposition"]
    return answer.text


def screen(client: TestClient, form: str, out: Path, **values: object) -> str:
    """Write the service's squares as `xcryonet screen` does, each with these values."""
    shared = set(ScreenedSquare.model_fields) & set(SquareAnswer.model_fields)
    other = KEY_JSON | {"tile_name": "Tile_1_0_900", "model_id": MODEL} | values
    squares = [
        ScreenedSquare.model_validate(square.model_dump(include=shared) | other)
        for square in get_squares(client)
    ]
    write_answer(squares, form, out)
    return out.read_bytes().decode()


def read_table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_has_a_row_for_each_square_and_empty_cells_for_the_unknown(
    client: TestClient, ids: list[str]
) -> None:
    rows = read_table(export(client, "csv"))
    assert [(row["id"], row["rank"]) for row in rows] == [
        (square_id, str(i)) for i, square_id in enumerate(ids, 1)
    ]
    assert (rows[0]["overall"], rows[0]["stage_x_um"], rows[0]["epu_node_id"]) == (
        "3.0",
        "10.0",
        "71",
    )
    assert (rows[0]["decision"], rows[0]["status"], rows[0]["stage_source"]) == (
        "take",
        "scored",
        "stage_model",
    )
    assert (rows[2]["overall"], rows[2]["epu_node_id"]) == ("", "")


def test_json_is_what_the_rest_interface_says(client: TestClient, ids: list[str]) -> None:
    found = json.loads(export(client, "json"))
    assert [square["id"] for square in found["squares"]] == ids
    assert found["grid"] == get_grid(client)
    assert len(found["decisions"]) == 2


def test_a_navigator_file_has_a_point_for_each_square(client: TestClient, ids: list[str]) -> None:
    text = export(client, "nav")
    head, *items = text.split("\n\n")
    assert head == "AdocVersion = 2.00"
    assert len(items) == len(ids)
    first = dict(line.split(" = ", 1) for line in items[0].splitlines()[1:])
    assert items[0].splitlines()[0] == "[Item = 1]"
    assert first["StageXYZ"] == "10.000 20.000 -5.250"
    assert (first["PtsX"], first["PtsY"], first["NumPts"], first["Type"]) == (
        "10.000",
        "20.000",
        "1",
        "0",
    )
    assert first["Acquire"] == "1"
    assert "rank 1, overall 3.00, EPU 71" in first["Note"]
    assert "Acquire" not in items[1]
    assert "z not measured" in items[1]


def test_no_stage_is_sent_where_the_next_square_may_be(client: TestClient) -> None:
    put_atlas(client)
    put_squares(client, [make_square(0, 0, stage_residual_um=21.0), make_square(100, 0)])
    path = f"/api/v1/grids/{get_grid(client)['id']}/export"
    answer = client.get(path, params={"format": "nav"})
    assert answer.status_code == 409
    assert "1 of 2 squares" in answer.json()["detail"]
    put_squares(client, [make_square(0, 0, stage_residual_um=19.0), make_square(100, 0)])
    assert client.get(path, params={"format": "nav"}).status_code == 200


def test_athena_gets_decisions_by_epu_s_node(client: TestClient, ids: list[str]) -> None:
    found = json.loads(export(client, "athena"))
    assert [area["id"] for area in found["areas"]] == [71, 72]
    values = {item["areaId"]: item["decisionValue"] for item in found["decisions"]}
    assert values == {71: "take", 72: "skip"}
    assert found["algorithmResults"][0]["result"]["overall"] == 3.0
    assert len(ids) == 3


def test_ptolemy_gets_scored_squares_only_with_points_as_rows_and_columns(
    client: TestClient, ids: list[str], tmp_path: Path
) -> None:
    assert len(ids) == 3
    for text in (export(client, "ptolemy"), screen(client, "ptolemy", tmp_path / "answer.json")):
        found = json.loads(text)
        assert [item["score"] for item in found] == [0.75, 0.5]
        assert found[0]["center"] == [20, 10]
        assert found[0]["vertices"][1] == [20, 11]
        assert found[0]["area"] == 3600


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\n=1"),
        ("\n=1", "'\n=1"),
        ("A. Bee\r=1", "A. Bee\n=1"),
    ],
)
def test_no_text_of_a_table_is_a_formula_and_numbers_stay_numbers(
    client: TestClient, tmp_path: Path, text: str, cell: str
) -> None:
    put_atlas(client)
    (square_id,) = put_squares(client, [make_square(-10, 20)])
    label = {"square_id": square_id, "author": text, "overall": 3}
    client.post("/api/v1/labels", json=[label]).raise_for_status()

    (exported,) = read_table(export(client, "csv"))
    (screened,) = read_table(screen(client, "csv", tmp_path / "a.csv", reason=text))

    assert exported["label_author"] == screened["reason"] == cell
    assert exported["stage_x_um"] == screened["stage_x_um"] == "-10.0"


@pytest.mark.parametrize("name", ["β-catenin_3", "格", "café", "plain"])
def test_a_grid_of_any_name_can_be_exported(client: TestClient, name: str) -> None:
    put_atlas(client)
    put_squares(client, [make_square(0, 0)])
    record = GridRecord(session_key=KEY.session_key, sample=KEY.sample, name=name)
    answer = client.put("/api/v1/grids", json=record.model_dump(mode="json"))
    answer.raise_for_status()

    path = f"/api/v1/grids/{get_grid(client)['id']}/export"
    for form in ExportFormat:
        answer = client.get(path, params={"format": form})
        assert answer.status_code == 200, answer.text
        assert f"; filename*=UTF-8''{quote(name)}-squares" in answer.headers["content-disposition"]


def test_an_export_can_be_cut_to_the_best_or_the_taken(client: TestClient, ids: list[str]) -> None:
    best = json.loads(export(client, "json", limit=1))["squares"]
    assert [square["id"] for square in best] == ids[:1]
    taken = json.loads(export(client, "json", decision="take"))["squares"]
    assert [square["id"] for square in taken] == ids[:1]
    good = json.loads(export(client, "json", min_overall=2))["squares"]
    assert [square["id"] for square in good] == ids[:2]


def test_squares_to_take_are_exported_in_the_operator_s_order(
    client: TestClient, ids: list[str]
) -> None:
    places = {ids[0]: 3, ids[1]: 1, ids[2]: 2}
    rows: list[dict[str, object]] = [{"square_id": one, "kind": "take"} for one in ids]
    rows += [{"square_id": one, "kind": "order", "position": at} for one, at in places.items()]
    client.post("/api/v1/decisions", json=rows).raise_for_status()

    taken = json.loads(export(client, "json", decision="take"))["squares"]

    assert [square["id"] for square in taken] == [ids[1], ids[2], ids[0]]
    everything = json.loads(export(client, "json"))["squares"]
    assert [square["id"] for square in everything] == ids


def test_an_unknown_format_is_refused(client: TestClient, ids: list[str]) -> None:
    path = f"/api/v1/grids/{get_grid(client)['id']}/export"
    answer = client.get(path, params={"format": "xls"})
    assert answer.status_code == 422
    assert "format" in answer.json()["detail"]
    assert len(ids) == 3
