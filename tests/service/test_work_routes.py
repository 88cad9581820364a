"""Jobs given up are seen and tried again; who looks comes first; who changed what is written."""

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.database import Database
from service.job_queue import Priority
from service.looks import LOOK_S, Looks
from service.queries.jobs import bury_job, queue_score, start_job
from service.tables import SquareStatus
from tests.service.examples import (
    RecordingQueue,
    get_grid,
    get_squares,
    list_requests,
    make_png,
    make_square,
    make_token,
    put_atlas,
    put_blob,
    put_squares,
    register,
    score,
)


@pytest.fixture
def dead_job(client: TestClient, database: Database) -> str:
    """Give up the job of the only square, as a worker would."""
    register(database)
    put_atlas(client)
    crop = put_blob(client, make_png())
    (square,) = put_squares(client, [make_square(0, 0, crop_sha256=crop, crop_full_scale=400)])
    (request,) = list_requests(database)
    with database.write() as db:
        queue_score(db, request)
        start_job(db, request.job_id, worker_id="w")
        bury_job(db, request.job_id, "no power")
    score(database, {square: 0.0}, status=SquareStatus.FAILED)
    return request.job_id


def test_a_job_given_up_is_listed_with_its_reason_and_its_tile(
    client: TestClient, dead_job: str
) -> None:
    (job,) = client.get("/api/v1/jobs", params={"state": "dead"}).json()["items"]

    assert (job["id"], job["reason"], job["attempts"]) == (dead_job, "no power", 1)
    assert job["tile_name"] == "Tile_1_0_900"
    assert job["grid_id"] == get_grid(client)["id"]
    assert client.get("/api/v1/jobs", params={"state": "done"}).json()["total"] == 0


def test_a_job_given_up_is_tried_again_once_asked_for_and_its_squares_wait(
    client: TestClient, queue: RecordingQueue, dead_job: str
) -> None:
    answer = client.post(f"/api/v1/jobs/{dead_job}/retry")
    again = client.post(f"/api/v1/jobs/{dead_job}/retry")

    assert answer.json()["state"] == "queued"
    assert queue.runs == [(dead_job, 2)]
    assert get_squares(client)[0].status is SquareStatus.WAITING
    assert again.status_code == 409
    assert client.post("/api/v1/jobs/none/retry").status_code == 404
    events = client.get("/api/v1/audit", params={"kind": "job.retry"}).json()["items"]
    assert [event["actor"] for event in events] == ["admin"]


def test_a_look_at_a_grid_hurries_its_tiles_once(
    client: TestClient, database: Database, queue: RecordingQueue
) -> None:
    register(database)
    put_atlas(client)
    crop = put_blob(client, make_png())
    put_squares(client, [make_square(0, 0, crop_sha256=crop, crop_full_scale=400)])
    (request,) = queue.requests
    with database.write() as db:
        queue_score(db, request)

    get_squares(client)
    get_squares(client)
    other = put_blob(client, make_png(grey=7))
    put_squares(client, [make_square(0, 0, crop_sha256=other, crop_full_scale=400)])

    assert queue.hurried == [(request.job_id, 1)]
    assert queue.priorities == [Priority.LIVE, Priority.LOOKED_AT]


def test_scores_that_are_only_to_be_renewed_come_last(
    client: TestClient, database: Database, queue: RecordingQueue
) -> None:
    register(database)
    put_atlas(client)
    crop = put_blob(client, make_png())
    (square,) = put_squares(client, [make_square(0, 0, crop_sha256=crop, crop_full_scale=400)])
    score(database, {square: 3.0})

    put_atlas(client, film_level=200.0)

    assert queue.priorities == [Priority.LIVE, Priority.RENEW]


def test_a_look_is_forgotten_after_a_while(app: FastAPI, client: TestClient) -> None:
    put_atlas(client)
    grid_id = app.state.parts.database  # any hashable stands for a grid
    now = [0.0]
    looks = Looks(clock=lambda: now[0])

    assert looks.note(grid_id)
    assert not looks.note(grid_id)
    now[0] = LOOK_S + 1
    assert looks.note(grid_id)


def test_the_audit_trail_names_people_and_their_changes_and_is_for_administrators_only(
    client: TestClient, database: Database
) -> None:
    put_atlas(client)
    (square,) = put_squares(client, [make_square(0, 0)])
    reader, labeller = make_token(database, "read"), make_token(database, "label")
    label = [{"square_id": square, "author": "an", "overall": 1}]
    as_labeller = {"Authorization": f"Bearer {labeller}"}
    assert client.post("/api/v1/labels", json=label, headers=as_labeller).status_code == 200
    client.post("/api/v1/login", json={"token": reader})

    trail = client.get("/api/v1/audit").json()["items"]
    kinds = [(event["kind"], event["actor"]) for event in trail]
    everything = client.get("/api/v1/audit", params={"reports": True}).json()

    assert kinds[:2] == [("token.login", "read"), ("labels.add", "label")]
    assert {kind for kind, _ in kinds} == {"token.create", "labels.add", "token.login"}
    assert everything["total"] > len(trail)
    refused = client.get("/api/v1/audit", headers={"Authorization": f"Bearer {reader}"})
    assert refused.status_code == 403
