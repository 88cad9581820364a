"""What ingest sends for a tile, at any pace: nothing is simulated and nothing found."""

import threading
from functools import cache
from hashlib import sha256
from zlib import crc32

from ingest.records import (
    AtlasKey,
    AtlasRecord,
    SquareRecord,
    SquareSet,
    TileRecord,
    TileState,
)
from ingest.upload import ServiceClient
from tests.faults.facility import Facility
from tests.service.examples import make_png, make_square

TILES = 35
"""Tiles of an atlas."""

SQUARES_EACH = 10
"""Squares of a tile."""


def client_of(facility: Facility) -> ServiceClient:
    """Get ingest's own client for a service."""
    return ServiceClient(facility.url, facility.token)


def put_grid(client: ServiceClient, key: AtlasKey, squares: int) -> None:
    """Send a grid, tile after tile."""
    for index in range(squares // SQUARES_EACH):
        put_tile(client, key, index)


def put_tile(client: ServiceClient, key: AtlasKey, index: int) -> None:
    """Send what ingest sends when a tile has come: atlas, tile, pictures, all squares so far."""
    pictures = [_make_pictures(f"{key.session_key} {key.sample} {n}") for n in range(index + 1)]
    for picture in pictures[-1]:
        _send_picture(client, picture)
    client.put_atlas(AtlasRecord(key=key, film_level=100.0, pixel_nm=1000.0, tiles_planned=TILES))
    client.put_tile(
        TileRecord(
            atlas=key,
            name=_tile_name(index),
            epu_tile_id=index + 1,
            index=index,
            state=TileState.PLACED,
        )
    )
    names = [[_name(picture) for picture in both] for both in pictures]
    rows = tuple(
        _square(number, names[number // SQUARES_EACH])
        for number in range((index + 1) * SQUARES_EACH)
    )
    client.put_squares(SquareSet(atlas=key, match_radius_um=20, squares=rows))


def ingest_until(facility: Facility, session: str, stop: threading.Event, pause_s: float) -> int:
    """Send tile after tile of new grids as a microscope does; give how many there were."""
    client, tiles = client_of(facility), 0
    while not stop.wait(pause_s):
        key = AtlasKey(session_key=session, sample=1 + tiles // TILES, epu_atlas_id=1)
        put_tile(client, key, tiles % TILES)
        tiles += 1
    client.close()
    return tiles


@cache
def _make_pictures(name: str) -> tuple[bytes, bytes]:
    """Make the crop and the thumbnail that a tile's squares share."""
    grey = 1 + crc32(name.encode()) % 200
    return make_png(640, 640, grey), make_png(96, 96, grey)


def _send_picture(client: ServiceClient, data: bytes) -> None:
    """Send a picture unless it is there."""
    if client.missing_blobs([_name(data)]):
        client.put_blob(_name(data), data)


def _name(data: bytes) -> str:
    return sha256(data).hexdigest()


def _tile_name(index: int) -> str:
    return f"Tile_{index + 1}_{index}_1"


def _square(number: int, names: list[str]) -> SquareRecord:
    return make_square(
        100.0 * (number % 20),
        100.0 * (number // 20),
        tile_name=_tile_name(number // SQUARES_EACH),
        crop_sha256=names[0],
        crop_full_scale=400.0,
        thumbnail_sha256=names[1],
    )
