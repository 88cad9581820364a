import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ingest.records import (
    AtlasKey,
    AtlasRecord,
    FileRecord,
    FileState,
    GridRecord,
    IngestRecord,
    SessionRecord,
    SquareSet,
    TileRecord,
    TileState,
)
from ingest.upload import Backoff, RejectedRecord, ServiceClient, Timeouts, UploadStoppedError

KEY = AtlasKey(session_key="s", sample=1, epu_atlas_id=500)
SESSION = SessionRecord(key="s")
QUICK = Backoff(first_s=0.001, longest_s=0.01)
DROP = -1
"""In place of a status: cut the connection without an answer."""


@dataclass(frozen=True)
class Seen:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Service(ThreadingHTTPServer):
    """A server that answers as it is told, then with success."""

    daemon_threads = True
    block_on_close = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Answer)
        self.answers: list[tuple[int, bytes]] = []
        self.retry_after = ""
        self.seen: list[Seen] = []
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def fail(self, statuses: Sequence[int]) -> None:
        self.answers += [(status, b"no") for status in statuses]

    def end(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Answer(BaseHTTPRequestHandler):
    server: Service
    protocol_version = "HTTP/1.0"

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {key.lower(): value for key, value in self.headers.items()}
        self.server.seen.append(Seen(self.command, self.path, headers, body))
        status, answer = self.server.answers.pop(0) if self.server.answers else (200, b"{}")
        if status == DROP:
            return
        self.send_response(status)
        if self.server.retry_after:
            self.send_header("Retry-After", self.server.retry_after)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_PUT  # noqa: N815 - http.server's name

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.end()


@pytest.fixture
def client(service: Service) -> Iterator[ServiceClient]:
    with ServiceClient(service.url + "/", "a-token", backoff=QUICK) as client:
        yield client


def test_every_record_goes_to_its_place_with_the_token(
    service: Service, client: ServiceClient
) -> None:
    tile = TileRecord(
        atlas=KEY, name="Tile_507_0_500", epu_tile_id=507, index=0, state=TileState.PLACED
    )
    records = {
        "sessions": SESSION,
        "grids": GridRecord(session_key="s", sample=1),
        "atlases": AtlasRecord(key=KEY, film_level=123.5),
        "tiles": tile,
        "squares": SquareSet(atlas=KEY, match_radius_um=40, squares=()),
        "ingesters": IngestRecord(name="mic1", watching="/data", state="watching", polling=True),
    }
    client.put_session(records["sessions"])
    client.put_grid(records["grids"])
    client.put_atlas(records["atlases"])
    client.put_tile(records["tiles"])
    client.put_squares(records["squares"])
    client.put_ingester(records["ingesters"])
    assert [(seen.method, seen.path) for seen in service.seen] == [
        ("PUT", f"/api/v1/{name}") for name in records
    ]
    for seen, record in zip(service.seen, records.values(), strict=True):
        assert type(record).model_validate_json(seen.body) == record
        assert seen.headers["authorization"] == "Bearer a-token"
        assert seen.headers["content-type"] == "application/json"


def test_the_ledger_goes_in_portions(service: Service, client: ServiceClient) -> None:
    lines = [FileRecord(path=f"{number}", state=FileState.READ) for number in range(1001)]
    client.put_files(lines)
    sent = [json.loads(seen.body) for seen in service.seen]
    assert [len(portion) for portion in sent] == [500, 500, 1]
    assert [line["path"] for portion in sent for line in portion] == [line.path for line in lines]
    client.put_files([])
    assert len(service.seen) == 3


def test_missing_blobs_are_asked_for_in_portions(service: Service, client: ServiceClient) -> None:
    service.answers = [(200, b'{"missing": ["a"]}'), (200, b'{"missing": ["b", "c"]}')]
    assert client.missing_blobs([f"{number:064x}" for number in range(501)]) == {"a", "b", "c"}
    assert [len(json.loads(seen.body)["sha256"]) for seen in service.seen] == [500, 1]
    assert {(seen.method, seen.path) for seen in service.seen} == {
        ("POST", "/api/v1/blobs/missing")
    }
    assert client.missing_blobs([]) == set()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n..", "image/png"),
        (b"\xff\xd8\xff\xe0..", "image/jpeg"),
        (b"other", "application/octet-stream"),
    ],
)
def test_a_blob_goes_under_its_hash_with_its_kind(
    service: Service, client: ServiceClient, data: bytes, kind: str
) -> None:
    client.put_blob("ab" * 32, data)
    (seen,) = service.seen
    assert (seen.path, seen.body) == (f"/api/v1/blobs/{'ab' * 32}", data)
    assert seen.headers["content-type"] == kind


@pytest.mark.parametrize("status", [401, 403, 408, 425, 429, 500, 502, 503, 504, DROP])
def test_what_may_pass_is_tried_again_until_it_does(
    service: Service, client: ServiceClient, status: int
) -> None:
    service.fail([status] * 4)
    client.put_session(SESSION)
    assert len(service.seen) == 5
    assert len({seen.body for seen in service.seen}) == 1


@pytest.mark.parametrize("status", [301, 400, 404, 409, 413, 422])
def test_what_is_refused_is_never_sent_again(
    service: Service, client: ServiceClient, status: int
) -> None:
    service.answers = [(status, b'{"detail": "sample: must be 0 or more"}')]
    with pytest.raises(RejectedRecord, match="sample: must be 0 or more") as caught:
        client.put_session(SESSION)
    assert caught.value.status == status
    assert len(service.seen) == 1


def test_a_service_that_is_down_only_delays(service: Service) -> None:
    port = service.server_port
    service.end()
    with ServiceClient(f"http://127.0.0.1:{port}", "t", backoff=QUICK) as client:
        sending = threading.Thread(target=client.put_session, args=(SESSION,))
        sending.start()
        sending.join(0.2)
        assert sending.is_alive()
        revived = Service(port)
        sending.join(10)
        assert not sending.is_alive()
        assert [seen.path for seen in revived.seen] == ["/api/v1/sessions"]
        revived.end()


def test_a_service_that_does_not_answer_in_time_is_asked_again(service: Service) -> None:
    class _Slow(_Answer):
        def do_PUT(self) -> None:
            if not self.server.seen:
                self.server.seen.append(Seen("PUT", "", {}, b""))
                released.wait(10)
                return
            super().do_PUT()

    released = threading.Event()
    service.RequestHandlerClass = _Slow
    limits = Timeouts(connect_s=1, answer_s=0.1)
    with ServiceClient(service.url, "t", backoff=QUICK, timeouts=limits) as client:
        client.put_session(SESSION)
    released.set()
    assert len(service.seen) == 2


def test_a_stop_interrupts_the_wait(service: Service) -> None:
    service.fail([503] * 100)
    stop = threading.Event()
    never = Backoff(first_s=1000.0, longest_s=1000.0)
    with ServiceClient(service.url, "t", backoff=never, stop=stop) as client:
        errors: list[Exception] = []

        def send() -> None:
            try:
                client.put_session(SESSION)
            except UploadStoppedError as error:
                errors.append(error)

        sending = threading.Thread(target=send)
        sending.start()
        while not service.seen:
            sending.join(0.005)
        stop.set()
        sending.join(10)
        assert "503: no" in str(errors[0])


def test_a_limit_of_attempts_is_kept(service: Service) -> None:
    service.fail([500] * 100)
    three = Backoff(first_s=0.001, attempts=3)
    with (
        ServiceClient(service.url, "t", backoff=three) as client,
        pytest.raises(UploadStoppedError, match="500: no"),
    ):
        client.put_session(SESSION)
    assert len(service.seen) == 3


def test_waits_grow_to_the_longest_and_stay_random() -> None:
    waits = Backoff(first_s=1.0, factor=2.0, longest_s=8.0, jitter=0.5).waits()
    bounds = [1, 2, 4, 8, 8, 8]
    found = [next(waits) for _ in bounds]
    assert all(bound / 2 <= wait <= bound for wait, bound in zip(found, bounds, strict=True))
    assert len(set(found)) == len(found)


def test_the_service_may_ask_for_a_longer_wait_but_not_beyond_the_longest(
    service: Service,
) -> None:
    service.retry_after = "3600"
    service.fail([429])
    waited: list[float | None] = []

    class _Clock(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waited.append(timeout)
            return False

    backoff = Backoff(first_s=0.001, longest_s=7.0)
    with ServiceClient(service.url, "t", backoff=backoff, stop=_Clock()) as client:
        client.put_session(SESSION)
    assert waited == [0.0, 7.0]


def test_an_answer_that_is_not_the_service_s_is_refused(
    service: Service, client: ServiceClient
) -> None:
    service.answers = [(200, b"<html>Please log in</html>")]
    with pytest.raises(RejectedRecord, match="Please log in"):
        client.missing_blobs(["a"])


@pytest.mark.parametrize("url", ["", "localhost:8000", "ftp://host", "http://"])
def test_an_address_without_scheme_or_host_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="service address"):
        ServiceClient(url, "t")


@pytest.mark.parametrize("token", ["two\nlines", "t\u00f6ken"])
def test_a_token_that_no_header_can_hold_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match="service token"):
        ServiceClient("http://host", token)
