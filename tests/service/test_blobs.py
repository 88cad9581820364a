"""Pictures: verified, stored once, small ones as rows and large ones as files."""

from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from service.blobs import BlobStore, Picture, read_picture
from service.database import Database
from service.errors import InvalidError, NotFoundError
from service.settings import Settings
from tests.service.examples import (
    get_squares,
    make_png,
    make_square,
    put_blob,
    put_squares,
    put_tile,
)

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffc0000b080020004001011100ffd9")
"""A JPEG's first segments: JFIF, then a frame of 32 rows and 64 columns."""


def test_the_size_of_a_png_and_of_a_jpeg_is_read_from_the_header() -> None:
    assert read_picture(make_png(7, 5)) == Picture("image/png", 7, 5)
    assert read_picture(JPEG) == Picture("image/jpeg", 64, 32)


@pytest.mark.parametrize("data", [b"", b"GIF89a", make_png()[:20], JPEG[:25], make_png(0, 5)])
def test_what_is_no_whole_picture_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidError):
        read_picture(data)


@given(st.binary(max_size=80), st.sampled_from([b"", JPEG[:3], JPEG[:20], make_png()[:12]]))
def test_no_bytes_make_the_reader_fail_in_another_way(data: bytes, start: bytes) -> None:
    try:
        picture = read_picture(start + data)
    except InvalidError:
        return
    assert picture.width_px > 0
    assert picture.height_px > 0


def test_a_small_picture_is_a_row_and_a_large_one_a_file(
    database: Database, tmp_path: Path
) -> None:
    store = BlobStore(tmp_path / "blobs", row_bytes=1000)
    small, large = make_png(), make_png(padding=1000)
    for data in (small, large, large):
        with database.write() as db:
            store.put(db, sha256(data).hexdigest(), data)
    files = [path for path in store.folder.rglob("*") if path.is_file()]
    assert files == [store.path(sha256(large).hexdigest())]
    with database.read() as db:
        for data in (small, large):
            row, found = store.get(db, sha256(data).hexdigest())
            assert found == data
            assert row.size == len(data)


def test_a_large_picture_whose_file_is_gone_is_not_found_and_can_be_sent_again(
    database: Database, tmp_path: Path
) -> None:
    store = BlobStore(tmp_path / "blobs", row_bytes=10)
    data = make_png()
    digest = sha256(data).hexdigest()
    with database.write() as db:
        store.put(db, digest, data)
    store.path(digest).unlink()
    with database.read() as db, pytest.raises(NotFoundError, match="file is gone"):
        store.get(db, digest)
    with database.write() as db:
        store.put(db, digest, data)
    with database.read() as db:
        assert store.get(db, digest)[1] == data


def test_a_picture_is_sent_once(client: TestClient) -> None:
    digest = put_blob(client, make_png())
    asked = {"sha256": [digest, "b" * 64, "b" * 64]}
    answer = client.post("/api/v1/blobs/missing", json=asked)
    assert answer.json() == {"missing": ["b" * 64]}


def test_bytes_that_are_not_what_their_name_says_are_refused(client: TestClient) -> None:
    answer = client.put(f"/api/v1/blobs/{'a' * 64}", content=make_png())
    assert answer.status_code == 422
    assert "expected aaaa" in answer.json()["detail"]
    text = b"<html>"
    answer = client.put(f"/api/v1/blobs/{sha256(text).hexdigest()}", content=text)
    assert answer.status_code == 422
    assert "PNG or JPEG" in answer.json()["detail"]


def test_a_body_over_the_limit_is_refused(client: TestClient, settings: Settings) -> None:
    data = b"\x00" * (settings.max_request_bytes + 1)
    answer = client.put(f"/api/v1/blobs/{sha256(data).hexdigest()}", content=data)
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"


def test_a_picture_under_its_own_address_is_kept_for_ever(client: TestClient) -> None:
    data = make_png(9, 9)
    put_squares(client, [make_square(0, 0, thumbnail_sha256=put_blob(client, data))])
    (square,) = get_squares(client)
    assert square.image_url is None
    assert square.thumbnail_url is not None
    answer = client.get(square.thumbnail_url)
    assert answer.content == data
    assert answer.headers["content-type"] == "image/png"
    assert "immutable" in answer.headers["cache-control"]
    again = client.get(square.thumbnail_url, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    plain = client.get(f"/api/v1/squares/{square.id}/thumbnail")
    assert plain.content == data
    assert "no-cache" in plain.headers["cache-control"]
    assert client.get(f"/api/v1/squares/{square.id}/image").status_code == 404


def test_a_tile_s_images_are_listed_with_their_sizes(client: TestClient) -> None:
    digests = [put_blob(client, make_png(8, 6)), put_blob(client, make_png(4, 3))]
    tile_id = put_tile(client, images=digests)
    atlas_id = client.get("/api/v1/grids").json()["items"][0]["atlas_id"]
    (tile,) = client.get(f"/api/v1/atlases/{atlas_id}/tiles").json()["items"]
    assert [(image["width"], image["height"]) for image in tile["images"]] == [(8, 6), (4, 3)]
    assert client.get(tile["images"][1]["url"]).content == make_png(4, 3)
    assert client.get(f"/api/v1/tiles/{tile_id}/image", params={"level": 2}).status_code == 404
