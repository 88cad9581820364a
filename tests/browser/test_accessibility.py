"""Every view as axe-core judges it: WCAG 2.1 A and AA."""

from importlib.resources import files

import pytest
from playwright.sync_api import Page, expect

from ingest.records import FileRecord, FileState
from tests.browser.looking import RANKED, first_grid, open_grid
from tests.browser.microscope import Microscope

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]


@pytest.fixture
def filled(microscope: Microscope) -> Microscope:
    """Fill a session with what the page can show: scores, what waits, what failed."""
    grid = microscope.load_grid(1, "First")
    microscope.load_grid(2, "Later")
    microscope.acquire(grid, RANKED)
    microscope.acquire(grid)
    microscope.give_up("no room on the graphics card")
    microscope.sign_on()
    microscope.report_file(
        FileRecord(path="a/Tile_1.mrc", state=FileState.FAILED, reason="ends early", attempts=3)
    )
    return microscope


def test_the_cassette_has_no_barrier(page: Page, filled: Microscope) -> None:
    assert filled
    page.goto("/")
    expect(page.locator(".card .bins rect").first).to_be_visible()
    assert barriers(page) == []

    page.locator(".activity").click()
    expect(page.locator(".files tbody tr")).to_have_count(2)
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    assert barriers(page) == []


@pytest.mark.parametrize("size", [None, PHONE], ids=["desk", "phone"])
def test_a_grid_has_no_barrier(page: Page, filled: Microscope, size: dict[str, int] | None) -> None:
    if size is not None:
        page.set_viewport_size({"width": size["width"], "height": size["height"]})
    open_grid(page, filled, 18)
    assert barriers(page) == []

    page.locator(".row").first.click()
    page.keyboard.press("t")
    page.keyboard.press("a")
    expect(page.locator(".panel-head h2")).to_contain_text("#1")
    assert barriers(page) == []

    page.keyboard.press("?")
    expect(page.locator("#drawer .keys")).to_be_visible()
    assert barriers(page) == []


def test_a_report_has_no_barrier(page: Page, filled: Microscope) -> None:
    page.goto(f"/grids/{first_grid(filled)}?view=report")
    expect(page.locator(".report table").first).to_be_visible()
    assert barriers(page) == []


def barriers(page: Page) -> list[str]:
    """List what axe-core finds: how bad, which rule, where."""
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text())
    found: list[str] = page.evaluate(
        """async rules => {
          const { violations } = await axe.run(document, { runOnly: rules });
          const where = nodes => nodes.slice(0, 3).map(node => node.html.slice(0, 160)).join(" | ");
          return violations.map(({ impact, id, nodes }) => `${impact} ${id}: ${where(nodes)}`);
        }""",
        RULES,
    )
    return found
