"""Small records, pictures and scores, and short ways to send them."""

import struct
import zlib
from collections.abc import Sequence
from hashlib import sha256
from uuid import UUID

from starlette.testclient import TestClient

from ingest.records import (
    AtlasKey,
    AtlasRecord,
    Point,
    SquareRecord,
    SquareSet,
    StageSource,
    TileRecord,
    TileState,
)
from service.database import Database
from service.job_queue import Priority, ScoreRequest
from service.queries.models import find_current_model, register_model
from service.queries.scores import (
    Grades,
    ScoreResult,
    add_scores,
    list_score_requests,
    list_squares_to_score,
)
from service.schemas import SquareAnswer
from service.tables import SquareStatus
from service.tokens import Scope, create_token

KEY = AtlasKey(session_key="Supervisor_1", sample=2, epu_atlas_id=900)
KEY_JSON = KEY.model_dump()
MODEL = "xcryonet-test"


class RecordingQueue:
    """A job queue that remembers what it was asked, as one engine would: each id once."""

    def __init__(self) -> None:
        self.requests: list[ScoreRequest] = []

        self.priorities: list[Priority] = []
        self.runs: list[tuple[str, int]] = []
        self.hurried: list[tuple[str, int]] = []

    def submit(self, request: ScoreRequest, priority: Priority = Priority.LIVE) -> None:
        if request not in self.requests:
            self.requests.append(request)
            self.priorities.append(priority)

    def enqueue(self, job_id: str, run: int, *, priority: Priority = Priority.LIVE) -> None:
        self.runs.append((job_id, run))
        self.priorities.append(priority)

    def hurry(self, job_id: str, run: int) -> None:
        self.hurried.append((job_id, run))


def make_token(database: Database, *scopes: str) -> str:
    with database.write() as db:
        return create_token(db, "-".join(scopes), [Scope(scope) for scope in scopes])


def make_png(width: int = 4, height: int = 3, grey: int = 128, padding: int = 0) -> bytes:
    """Make a grey PNG; `padding` makes it longer by that many bytes in a text chunk."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = b"".join(b"\x00" + bytes([grey]) * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    text = chunk(b"tEXt", b"note\x00" + b"x" * padding) if padding else b""
    head, body = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + head + text + body + chunk(b"IEND", b"")


def put_blob(client: TestClient, data: bytes) -> str:
    digest = sha256(data).hexdigest()
    answer = client.put(f"/api/v1/blobs/{digest}", content=data)
    assert answer.status_code == 204, answer.text
    return digest


def make_square(x_um: float, y_um: float, **values: object) -> SquareRecord:
    """Make a record of a square at a stage position; its atlas pixel is 1 um."""
    corners = tuple(Point(x=x_um + a, y=y_um + b) for a, b in ((0, 0), (1, 0), (1, 1), (0, 1)))
    given: dict[str, object] = {
        "tile_name": "Tile_1_0_900",
        "center_x_px": x_um,
        "center_y_px": y_um,
        "width_px": 60.0,
        "height_px": 60.0,
        "rotation_deg": 3.5,
        "corners_px": corners,
        "stage_x_um": x_um,
        "stage_y_um": y_um,
        "stage_source": StageSource.STAGE_MODEL,
        "complete": True,
        "coverage": 1.0,
    }
    return SquareRecord.model_validate(given | values)


def put_squares(
    client: TestClient,
    squares: Sequence[SquareRecord],
    radius_um: float = 20,
    key: AtlasKey = KEY,
) -> list[str]:
    record = SquareSet(atlas=key, match_radius_um=radius_um, squares=tuple(squares))
    answer = client.put("/api/v1/squares", json=record.model_dump(mode="json"))
    assert answer.status_code == 200, answer.text
    ids: list[str] = answer.json()["ids"]
    return ids


def put_atlas(client: TestClient, **values: object) -> str:
    record = AtlasRecord.model_validate(
        {"key": KEY, "film_level": 100.0, "pixel_nm": 1000.0} | values
    )
    answer = client.put("/api/v1/atlases", json=record.model_dump(mode="json"))
    assert answer.status_code == 200, answer.text
    atlas_id: str = answer.json()["id"]
    return atlas_id


def put_tile(client: TestClient, **values: object) -> str:
    given: dict[str, object] = {
        "atlas": KEY,
        "name": "Tile_1_0_900",
        "epu_tile_id": 1,
        "index": 0,
        "state": TileState.PLACED,
    }
    record = TileRecord.model_validate(given | values)
    answer = client.put("/api/v1/tiles", json=record.model_dump(mode="json"))
    assert answer.status_code == 200, answer.text
    tile_id: str = answer.json()["id"]
    return tile_id


def get_grid(client: TestClient) -> dict[str, object]:
    """Get the only grid."""
    items: list[dict[str, object]] = client.get("/api/v1/grids").json()["items"]
    assert len(items) == 1
    return items[0]


def get_squares(client: TestClient, **params: str | int | float | list[str]) -> list[SquareAnswer]:
    answer = client.get(f"/api/v1/grids/{get_grid(client)['id']}/squares", params=params)
    assert answer.status_code == 200, answer.text
    return [SquareAnswer.model_validate(item) for item in answer.json()["items"]]


def register(database: Database, model_id: str = MODEL) -> None:
    with database.write() as db:
        register_model(db, model_id, card={"name": "for tests"}, sha256="0" * 64)


def grades(overall: float) -> Grades:
    return Grades(brightness=3, squareness=2, cracking=1, contamination=0.5, overall=overall)


def score(
    database: Database,
    overall: dict[str, float],
    *,
    status: SquareStatus = SquareStatus.SCORED,
    attention: bytes | None = None,
) -> int:
    """Score squares as a worker would: each that needs it and is named by its id."""
    with database.write() as db:
        model = find_current_model(db)
        assert model is not None
        tiles = {request.tile_id for request in list_requests(database)}
        waiting = [
            item for tile in sorted(tiles) for item in list_squares_to_score(db, tile, model.id)
        ]
        results = [
            ScoreResult(
                square_id=item.id,
                model_id=model.id,
                input_key=item.input_key,
                status=status,
                grades=grades(overall[str(item.id)]),
                grades_sd=grades(0.25),
                attention_cracking=attention,
                attention_contamination=attention,
            )
            for item in waiting
            if str(item.id) in overall
        ]
        return add_scores(db, results)


def list_requests(database: Database) -> list[ScoreRequest]:
    """List the scores that are missing."""
    with database.read() as db:
        return list_score_requests(db)


def as_ids(answers: Sequence[SquareAnswer]) -> list[str]:
    return [str(answer.id) for answer in answers]


def as_uuid(text: object) -> UUID:
    return UUID(str(text))
