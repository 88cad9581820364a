"""A real Chromium in front of a real service."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from service.database import Database, migrate
from service.settings import Settings
from service.tokens import Scope, create_token
from tests.browser.microscope import Microscope
from tests.browser.running import RunningService, free_port, running
from tests.needs import Part, needs

FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox",
]
DESK = {"width": 1280, "height": 800}
LONGEST_MS = 30_000
expect.set_options(timeout=LONGEST_MS)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = needs(Part.CHROMIUM)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(chromium), args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", port=free_port())


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    settings.data_dir.mkdir()
    migrate(settings.url)
    database = Database(settings.url)
    yield database
    database.close()


@pytest.fixture
def service(database: Database, settings: Settings) -> Iterator[RunningService]:
    assert database.url == settings.url
    with running(settings) as service:
        yield service


@pytest.fixture
def microscope(service: RunningService, database: Database) -> Iterator[Microscope]:
    with database.write() as db:
        token = create_token(db, "ingest", [Scope.INGEST, Scope.READ])
    microscope = Microscope(service.url, token, database)
    yield microscope
    microscope.close()


@dataclass
class Watched:
    """What a page must not do, as far as it has done it."""

    origin: str
    errors: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    forgiven: list[str] = field(default_factory=lambda: ["ERR_NETWORK_CHANGED"])

    def hear(self, message: ConsoleMessage) -> None:
        known = any(part in message.text for part in self.forgiven)
        if message.type == "error" and not known:
            self.errors.append(message.text)

    def see(self, request: Request) -> None:
        if not request.url.startswith((self.origin, "data:", "blob:")):
            self.strangers.append(request.url)


@pytest.fixture
def watched(service: RunningService) -> Watched:
    return Watched(f"{service.url}/")


@pytest.fixture
def page(browser: Browser, service: RunningService, watched: Watched) -> Iterator[Page]:
    """Open an empty page; at the end it must have kept to its origin and logged no error."""
    context = browser.new_context(base_url=service.url, viewport=DESK)
    page = context.new_page()
    page.set_default_timeout(LONGEST_MS)
    page.on("console", watched.hear)
    page.on("pageerror", lambda error: watched.errors.append(str(error)))
    page.on("request", watched.see)
    yield page
    context.close()
    assert watched.errors == []
    assert watched.strangers == []
