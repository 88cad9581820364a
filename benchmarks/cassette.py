"""A full cassette in a data folder: twelve grids of 35 K3 tiles and 400 scored squares each.

Nothing is simulated and nothing screened: what a page costs depends on how many squares and how
large pictures it shows, so that a few pictures of the right size stand for all of them.
"""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.records import (
    AtlasKey,
    AtlasRecord,
    GridRecord,
    GridState,
    Point,
    SessionRecord,
    SquareRecord,
    SquareSet,
    StageSource,
    TileRecord,
    TileState,
)
from service.blobs import BlobStore
from service.database import Database, migrate
from service.queries.ingest import put_atlas, put_grid, put_session, put_tile
from service.queries.models import register_model
from service.queries.scores import (
    Grades,
    ScoreResult,
    add_scores,
    list_score_requests,
    list_squares_to_score,
)
from service.queries.square_sets import replace_squares
from service.settings import Settings
from service.tables import SquareStatus

GRIDS, SIDE = 12, 20
COLUMNS, ROWS = 5, 7
TILE_PX = (2880, 2046)
"""Width and height of a tile's display image."""
ATLAS_PX = 3.457
"""Pixels of a display image in one pixel of the atlas."""
LEVELS = 4
PIXEL_UM = 0.4826
ACTOR = "benchmark"
MODEL = "benchmark"


@dataclass(frozen=True)
class Pictures:
    """Hashes of the pictures that all grids share."""

    tiles: list[list[str]]
    crops: list[str]
    thumbnails: list[str]


def fill(settings: Settings, seed: int = 0) -> None:
    """Make the database and fill it."""
    settings.data_dir.mkdir(parents=True)
    migrate(settings.url)
    database = Database(settings.url)
    rng = np.random.default_rng(seed)
    try:
        pictures = _store_pictures(database, settings.data_dir / "blobs", settings, rng)
        with database.write() as db:
            register_model(db, MODEL, card={"name": MODEL}, sha256="0" * 64)
            put_session(db, SessionRecord(key="benchmark", name="Twelve grids"), ACTOR)
        for sample in range(1, GRIDS + 1):
            _add_grid(database, sample, pictures, rng)
    finally:
        database.close()


def _store_pictures(
    database: Database, folder: Path, settings: Settings, rng: np.random.Generator
) -> Pictures:
    store = BlobStore(folder, settings.blob_row_bytes)

    def put(image: NDArray[np.uint8], form: str) -> str:
        data = cv2.imencode(form, image)[1].tobytes()
        digest = sha256(data).hexdigest()
        with database.write() as db:
            store.put(db, digest, data)
        return digest

    tiles = [_draw(TILE_PX, rng, side_px=400) for _ in range(4)]
    crops = [_draw((640, 640), rng, side_px=380) for _ in range(8)]
    return Pictures(
        [[put(image[:: 2**k, :: 2**k].copy(), ".jpg") for k in range(LEVELS)] for image in tiles],
        [put(crop, ".png") for crop in crops],
        [put(crop[::4, ::4].copy(), ".jpg") for crop in crops],
    )


def _draw(size: tuple[int, int], rng: np.random.Generator, side_px: int) -> NDArray[np.uint8]:
    """Draw bright squares with noise, as hard to compress as a real tile: uint8 (height, width)."""
    width, height = size
    image = np.full((height, width), 40, np.float32)
    for top in range(40, height, 700):
        for left in range(40, width, 700):
            image[top : top + side_px, left : left + side_px] = 150
    image += rng.normal(0, 9, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8)


def _add_grid(
    database: Database, sample: int, pictures: Pictures, rng: np.random.Generator
) -> None:
    key = AtlasKey(session_key="benchmark", sample=sample, epu_atlas_id=sample)
    width, height = TILE_PX[0] / ATLAS_PX, TILE_PX[1] / ATLAS_PX
    with database.write() as db:
        grid = GridRecord(
            session_key="benchmark",
            sample=sample,
            name=f"Grid {sample}",
            slot=sample - 1,
            state=GridState.ACQUIRED,
            percent=100,
        )
        put_grid(db, grid, ACTOR)
        atlas = AtlasRecord(
            key=key,
            tiles_planned=COLUMNS * ROWS,
            pixel_nm=1000 * PIXEL_UM,
            width_px=round(COLUMNS * width),
            height_px=round(ROWS * height),
            film_level=1000.0,
            full_scale=4096.0,
        )
        put_atlas(db, atlas, ACTOR)
        for index in range(COLUMNS * ROWS):
            put_tile(db, _tile(key, index, (width, height), pictures), ACTOR)
        step = COLUMNS * width / SIDE, ROWS * height / SIDE
        squares = [_square(number, step, (width, height), pictures) for number in range(SIDE**2)]
        record = SquareSet(atlas=key, match_radius_um=20, squares=tuple(squares))
        replace_squares(db, record, ACTOR)
    _score(database, rng)


def _tile(key: AtlasKey, index: int, size: tuple[float, float], pictures: Pictures) -> TileRecord:
    column, row = index % COLUMNS, index // COLUMNS
    return TileRecord(
        atlas=key,
        name=f"Tile_{index}",
        epu_tile_id=index,
        index=index,
        state=TileState.PLACED,
        column=column,
        row=row,
        x_px=column * size[0],
        y_px=row * size[1],
        width_px=size[0],
        height_px=size[1],
        images=tuple(pictures.tiles[index % len(pictures.tiles)]),
    )


def _square(
    number: int, step: tuple[float, float], size: tuple[float, float], pictures: Pictures
) -> SquareRecord:
    x, y = (number % SIDE + 0.5) * step[0], (number // SIDE + 0.5) * step[1]
    half = 0.28 * step[0]
    corners = ((-half, -half), (half, -half), (half, half), (-half, half))
    tile = int(y / size[1]) * COLUMNS + int(x / size[0])
    return SquareRecord(
        tile_name=f"Tile_{tile}",
        center_x_px=x,
        center_y_px=y,
        width_px=2 * half,
        height_px=2 * half,
        rotation_deg=0.0,
        corners_px=tuple(Point(x=x + dx, y=y + dy) for dx, dy in corners),
        stage_x_um=PIXEL_UM * x - 1000,
        stage_y_um=PIXEL_UM * y - 1000,
        stage_source=StageSource.EPU_NODES,
        complete=True,
        coverage=1.0,
        epu_node_id=number + 1,
        epu_category=number % 5,
        crop_sha256=pictures.crops[number % len(pictures.crops)],
        crop_full_scale=4096.0,
        thumbnail_sha256=pictures.thumbnails[number % len(pictures.thumbnails)],
    )


def _score(database: Database, rng: np.random.Generator) -> None:
    """Score every square that waits."""
    attention = bytes(cv2.imencode(".png", np.zeros((80, 80), np.uint8))[1].tobytes())
    with database.write() as db:
        requests = list_score_requests(db)
        waiting = [
            item for ask in requests for item in list_squares_to_score(db, ask.tile_id, MODEL)
        ]
        results = [
            ScoreResult(
                square_id=item.id,
                model_id=MODEL,
                input_key=item.input_key,
                status=SquareStatus.SCORED,
                reason="intact, nearly clean, thin ice",
                grades=Grades(*rng.uniform(0, 4, 5).tolist()),
                grades_sd=Grades(*rng.uniform(0.2, 0.8, 5).tolist()),
                attention_cracking=attention,
                attention_contamination=attention,
            )
            for item in waiting
        ]
        add_scores(db, results)
