"""A small session, sent to a service as ingest sends it, and scored as a worker would.

Atlas pixels are 0.5 um; the stage's x axis runs against the atlas, its y axis with it. A tile is
1000 x 800 atlas pixels, with nine squares of 90 pixels; square `k` of the grid is so bright that
its picture tells it apart.
"""

from dataclasses import dataclass, field
from hashlib import sha256
from uuid import UUID

import cv2
import httpx2
import numpy as np
from numpy.typing import NDArray

from ingest.records import (
    AtlasKey,
    AtlasRecord,
    FileRecord,
    GridRecord,
    GridState,
    IngestRecord,
    Point,
    Record,
    SessionRecord,
    SquareRecord,
    SquareSet,
    StageSource,
    TileRecord,
    TileState,
)
from service.database import Database
from service.queries.jobs import bury_job, queue_score
from service.queries.models import register_model
from service.queries.scores import (
    Grades,
    ScoreResult,
    SquareToScore,
    add_scores,
    list_score_requests,
    list_squares_to_score,
)
from service.tables import SquareRow, SquareStatus

SESSION = "Supervisor_20260101_100000_test"
MODEL = "xcryonet-test"
TILE_WIDTH, TILE_HEIGHT = 1000, 800
SIDE_PX = 90.0
PIXEL_UM = 0.5
COLUMNS = 2


@dataclass
class Grid:
    """One grid as far as it was sent."""

    key: AtlasKey
    tiles: int = 0
    squares: list[SquareRecord] = field(default_factory=list)


class Microscope:
    """Sends records and pictures to a service, and scores what waits."""

    def __init__(self, url: str, token: str, database: Database) -> None:
        self.url = url
        self.client = httpx2.Client(
            base_url=f"{url}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=30
        )
        self.database = database
        self._put("/sessions", SessionRecord(key=SESSION, name="Test session"))
        with database.write() as db:
            register_model(db, MODEL, card={"name": "for tests"}, sha256="0" * 64)

    def close(self) -> None:
        self.client.close()

    def rename(self, name: str) -> None:
        """Give the session another name."""
        self._put("/sessions", SessionRecord(key=SESSION, name=name))

    def load_grid(self, sample: int, name: str | None = None, planned: int = 4) -> Grid:
        """Begin a grid."""
        key = AtlasKey(session_key=SESSION, sample=sample, epu_atlas_id=100 * sample)
        record = GridRecord(
            session_key=SESSION,
            sample=sample,
            name=name,
            slot=sample - 1,
            state=GridState.ACQUIRING,
            percent=0,
        )
        self._put("/grids", record)
        self._put(
            "/atlases",
            AtlasRecord(
                key=key,
                tiles_planned=planned,
                pixel_nm=1000 * PIXEL_UM,
                width_px=COLUMNS * TILE_WIDTH,
                height_px=2 * TILE_HEIGHT,
                mesh_pitch_um=150.0,
                mesh_rotation_deg=0.0,
                film_level=1000.0,
                vacuum_level=1200.0,
                full_scale=4096.0,
            ),
        )
        return Grid(key)

    def acquire(self, grid: Grid, scores: list[float] | None = None) -> list[str]:
        """Send the next tile with its nine squares, best covered first, and score those.

        Args:
            grid: Which grid.
            scores: Overall scores of the nine; None leaves them waiting.

        Returns:
            The ids of all squares of the grid.
        """
        index = grid.tiles
        left, top = (index % COLUMNS) * TILE_WIDTH, (index // COLUMNS) * TILE_HEIGHT
        name = f"Tile_{index + 1}_{index}_{grid.key.epu_atlas_id}"
        places = [(left + 180 + 320 * (k % 3), top + 140 + 260 * (k // 3)) for k in range(9)]
        images = [self._put_image(image) for image in _pyramid(left, top, places)]
        self._put(
            "/tiles",
            TileRecord(
                atlas=grid.key,
                name=name,
                epu_tile_id=index + 1,
                index=index,
                state=TileState.PLACED,
                column=index % COLUMNS,
                row=index // COLUMNS,
                x_px=left,
                y_px=top,
                width_px=TILE_WIDTH,
                height_px=TILE_HEIGHT,
                images=tuple(images),
            ),
        )
        grid.tiles += 1
        grid.squares += [
            self._square(name, len(grid.squares) + k, x, y) for k, (x, y) in enumerate(places)
        ]
        ids = self._put_squares(grid)
        if scores is not None:
            self.score(dict(zip(ids[-9:], scores, strict=True)))
        return ids

    def score(self, overall: dict[str, float], status: SquareStatus = SquareStatus.SCORED) -> None:
        """Score squares by id."""
        cracks, specks = _attention(40, 30), _attention(20, 50)
        with self.database.write() as db:
            waiting: list[SquareToScore] = []
            for request in list_score_requests(db):
                waiting += list_squares_to_score(db, request.tile_id, MODEL)
            results = [
                ScoreResult(
                    square_id=item.id,
                    model_id=MODEL,
                    input_key=item.input_key,
                    status=status,
                    reason=f"thin film, grade {overall[str(item.id)]:.1f}",
                    grades=Grades(3.0, 3.5, 0.5, 1.0, overall[str(item.id)]),
                    grades_sd=Grades(0.2, 0.2, 0.2, 0.2, 0.3),
                    attention_cracking=cracks,
                    attention_contamination=specks,
                )
                for item in waiting
                if str(item.id) in overall
            ]
            add_scores(db, results)

    def fail(self, square_id: str, reason: str) -> None:
        """Have a square's scoring fail."""
        with self.database.write() as db:
            row = db.get_one(SquareRow, UUID(square_id))
            result = ScoreResult(
                square_id=row.id,
                model_id=MODEL,
                input_key=row.wanted_input or "",
                status=SquareStatus.FAILED,
                reason=reason,
            )
            add_scores(db, [result])

    def give_up(self, reason: str) -> None:
        """Have the scoring of what waits given up."""
        with self.database.write() as db:
            for request in list_score_requests(db):
                queue_score(db, request)
                bury_job(db, request.job_id, reason)

    def report_file(self, record: FileRecord) -> None:
        self.client.put("/files", json=[record.model_dump(mode="json")]).raise_for_status()

    def sign_on(self) -> None:
        record = IngestRecord(name="microscope", watching="/epu", state="watching", polling=False)
        self._put("/ingesters", record)

    def _square(self, tile: str, number: int, x: float, y: float) -> SquareRecord:
        half = SIDE_PX / 2
        corners = tuple(
            Point(x=x + a * half, y=y + b * half) for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))
        )
        return SquareRecord.model_validate(
            {
                "tile_name": tile,
                "center_x_px": x,
                "center_y_px": y,
                "width_px": SIDE_PX,
                "height_px": SIDE_PX,
                "rotation_deg": 0.0,
                "corners_px": corners,
                "stage_x_um": 500 - PIXEL_UM * x,
                "stage_y_um": PIXEL_UM * y - 400,
                "stage_source": StageSource.EPU_NODES,
                "complete": True,
                "coverage": 1.0,
                "epu_node_id": 5000 + number,
                "epu_category": number % 5,
                "crop_sha256": self._put_image(_crop(number)),
                "crop_full_scale": 4096.0,
                "thumbnail_sha256": self._put_image(_crop(number)[::8, ::8]),
            }
        )

    def _put_squares(self, grid: Grid) -> list[str]:
        record = SquareSet(atlas=grid.key, match_radius_um=20, squares=tuple(grid.squares))
        ids: list[str] = self._put("/squares", record).json()["ids"]
        return ids

    def _put_image(self, image: NDArray[np.uint8]) -> str:
        data = cv2.imencode(".png", image)[1].tobytes()
        digest = sha256(data).hexdigest()
        self.client.put(f"/blobs/{digest}", content=data).raise_for_status()
        return digest

    def _put(self, path: str, record: Record) -> httpx2.Response:
        answer = self.client.put(path, json=record.model_dump(mode="json"))
        answer.raise_for_status()
        return answer


def _pyramid(left: int, top: int, places: list[tuple[int, int]]) -> list[NDArray[np.uint8]]:
    """Draw a tile, uint8 (400, 500), and its half."""
    image = np.full((TILE_HEIGHT // 2, TILE_WIDTH // 2), 20, np.uint8)
    half = int(SIDE_PX / 4)
    for x, y in places:
        column, row = (x - left) // 2, (y - top) // 2
        image[row - half : row + half, column - half : column + half] = 125
    return [image, image[::2, ::2].copy()]


def _crop(number: int) -> NDArray[np.uint8]:
    """Draw a square's crop, uint8 (640, 640)."""
    image = np.full((640, 640), 20, np.uint8)
    image[200:440, 200:440] = 100 + number
    return image


def _attention(row: int, column: int) -> bytes:
    """Draw a map, 80 x 80, with one spot."""
    spot = np.zeros((80, 80), np.uint8)
    spot[row - 6 : row + 6, column - 6 : column + 6] = 255
    return bytes(cv2.imencode(".png", spot)[1].tobytes())
