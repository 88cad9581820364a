import httpx2
import pytest
from playwright.sync_api import Page, expect

from ingest.records import FileRecord, FileState
from tests.browser.conftest import Watched
from tests.browser.looking import RANKED, open_grid
from tests.browser.microscope import Microscope
from tests.browser.running import RunningService

pytestmark = pytest.mark.browser

ASKED = ("events", "ingesters", "workers", "files", "jobs")
HOSTILE = (
    "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script>\"'&amp; \u202eevil "
    + "long" * 2500
)


@pytest.fixture
def refusals_are_expected(watched: Watched) -> None:
    watched.forgiven += ["404", "ERR_CONNECTION", "ERR_EMPTY", "failed to load"]


def test_a_card_for_each_grid_the_most_promising_first(page: Page, microscope: Microscope) -> None:
    microscope.load_grid(1, "Empty")
    poor = microscope.load_grid(2, "Poor")
    good = microscope.load_grid(3, "Good", planned=2)
    for _ in range(2):
        microscope.acquire(poor, [score / 2 for score in RANKED])
        microscope.acquire(good, [4.0, 3.9, 3.8, 3.7, 3.6, 3.5, 3.4, 1.0, 0.5])

    page.goto("/")

    expect(page.locator(".card h2")).to_have_text(["Good", "Poor", "Empty"])
    verdicts = page.locator(".card .verdict")
    expect(verdicts.nth(0)).to_have_text("promising: 14 usable of 18")
    expect(verdicts.nth(1)).to_have_text("nothing here so far: 0 usable of 18 after 2 tiles")
    expect(verdicts.nth(2)).to_have_text("waiting for the first tile")
    expect(page.locator(".card .foot span").nth(0)).to_have_text("2 of 2 tiles")
    expect(page.locator(".card").nth(0).locator(".bins rect")).to_have_count(16)


def test_a_card_leads_to_its_grid_and_back(page: Page, microscope: Microscope) -> None:
    grid = microscope.load_grid(1, "First")
    microscope.acquire(grid, RANKED)
    page.goto("/")

    page.locator(".card a").click()
    expect(page.locator(".grid-head h1")).to_have_text("First")
    expect(page.locator(".square")).to_have_count(9)
    page.go_back()
    expect(page.locator(".card")).to_have_count(1)
    page.go_forward()
    expect(page.locator(".square")).to_have_count(9)


@pytest.mark.usefixtures("refusals_are_expected")
def test_nothing_yet_is_said_in_words(page: Page) -> None:
    page.goto("/")
    expect(page.locator(".empty h1")).to_have_text("No session yet")
    page.goto("/grids/3f2b9a52-0000-4000-8000-000000000000")
    expect(page.locator(".notice")).to_contain_text("not known")


def test_hostile_names_are_shown_as_text(page: Page, microscope: Microscope) -> None:
    grid = microscope.load_grid(1, HOSTILE)
    ids = microscope.acquire(grid)
    microscope.fail(ids[0], HOSTILE)
    microscope.report_file(
        FileRecord(path=HOSTILE[:1000], state=FileState.FAILED, reason=HOSTILE, attempts=1)
    )

    microscope.rename(HOSTILE)
    microscope.give_up(HOSTILE)
    note = {"square_id": ids[0], "kind": "note", "text": HOSTILE[:4000]}
    operator = httpx2.Client(base_url=f"{microscope.url}/api/v1")
    operator.post("/decisions", json=[note | {"client_id": "a"}]).raise_for_status()
    label = {"square_id": ids[0], "author": HOSTILE[:60], "overall": 2, "client_id": "b"}
    operator.post("/labels", json=[label]).raise_for_status()
    operator.close()

    page.goto("/")
    expect(page.locator(".card h2")).to_contain_text("<img src=x onerror=")
    expect(page.locator("h1")).to_contain_text("<img src=x onerror=")
    open_grid(page, microscope, 9)
    expect(page.locator(".grid-head h1")).to_contain_text("<script>window.hacked=1</script>")
    page.locator(f".row[data-id='{ids[0]}']").click()
    expect(page.locator(".reasoned .reason")).to_contain_text("<img src=x")
    expect(page.locator(".decision .notes")).to_contain_text("<script>window.hacked=1</script>")
    expect(page.locator(".labelling .others").first).to_contain_text("<img src=x")
    page.locator(".activity").click()
    expect(page.locator(".files tbody tr")).to_have_count(2)
    for row in page.locator(".files tbody tr").all():
        expect(row).to_contain_text("<img src=x")
    assert harm(page) == []

    page.goto(f"{page.url.split('#')[0]}?view=report")
    expect(page.locator(".report h1")).to_contain_text("<script>window.hacked=1</script>")
    assert harm(page) == []


def harm(page: Page) -> list[str]:
    """List what a hostile name has done to a page: run, become markup, pushed it wide."""
    wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    found = {
        "it ran": page.evaluate("window.hacked") is not None,
        "it is markup": page.locator("img[src='x']").count() > 0,
        "the page is wider than the window": wide,
    }
    return [what for what, is_so in found.items() if is_so]


@pytest.mark.usefixtures("refusals_are_expected")
def test_the_page_heals_when_the_service_comes_back(
    page: Page, microscope: Microscope, service: RunningService
) -> None:
    grid = microscope.load_grid(1)
    microscope.acquire(grid, RANKED)
    open_grid(page, microscope, 9)
    expect(page.locator(".mark")).to_have_attribute("data-kind", "live")

    service.stop()
    expect(page.locator(".mark")).to_have_attribute("data-kind", "stale")
    service.start()
    microscope.acquire(grid, RANKED)

    expect(page.locator(".square")).to_have_count(18)
    expect(page.locator(".mark")).to_have_attribute("data-kind", "live")


def test_an_idle_page_asks_little_and_hears_nothing_new(page: Page, microscope: Microscope) -> None:
    grid = microscope.load_grid(1)
    microscope.acquire(grid, RANKED)
    open_grid(page, microscope, 9)
    page.wait_for_timeout(2500)
    heard: list[tuple[str, int]] = []
    page.on("response", lambda answer: heard.append((answer.url, answer.status)))

    page.wait_for_timeout(11_000)

    assert {status for _, status in heard} == {304}
    asked = [url.removeprefix(microscope.url).partition("?")[0] for url, _ in heard]
    assert "/api/v1/events" in asked
    assert set(asked) <= {f"/api/v1/{name}" for name in ASKED}


def test_a_silent_process_is_said_to_be_silent_though_nothing_else_changes(
    page: Page, microscope: Microscope
) -> None:
    microscope.sign_on()
    page.clock.install()
    page.goto("/")
    expect(page.locator(".activity")).to_contain_text("watching")

    page.clock.fast_forward(40_000)

    expect(page.locator(".activity")).to_contain_text("silent for")
