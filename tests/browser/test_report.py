import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import RANKED, first_grid, open_grid
from tests.browser.microscope import Microscope

pytestmark = pytest.mark.browser


def test_the_report_has_the_best_squares_and_prints(page: Page, microscope: Microscope) -> None:
    grid = microscope.load_grid(1, "First")
    microscope.acquire(grid, RANKED)
    page.goto(f"/grids/{first_grid(microscope)}?view=report")

    expect(page.locator(".report h1")).to_have_text("First")
    table = page.locator(".report table").first
    expect(table.locator("tbody tr")).to_have_count(9)
    expect(table.locator("tbody tr").first).to_contain_text("3.9")
    expect(page.locator(".report table").nth(1).locator("tbody tr")).to_have_count(5)

    pdf = page.pdf(prefer_css_page_size=True)

    assert pdf.startswith(b"%PDF")
    assert pdf.count(b"/Type /Page\n") == 1


def test_an_export_downloads(page: Page, microscope: Microscope) -> None:
    grid = microscope.load_grid(1, "First")
    microscope.acquire(grid, RANKED)
    open_grid(page, microscope, 9)

    page.locator(".menu summary").click()
    with page.expect_download() as waited:
        page.locator(".menu-items a").first.click()

    lines = waited.value.path().read_text().splitlines()
    assert len([line for line in lines if line and not line.startswith("#")]) == 10


def test_nothing_is_cut_off_on_a_phone(page: Page, microscope: Microscope) -> None:
    grid = microscope.load_grid(1, "First")
    ids = microscope.acquire(grid, RANKED)
    page.set_viewport_size({"width": 390, "height": 844})

    page.goto("/")
    expect(page.locator(".card")).to_have_count(1)
    assert overflow(page) <= 0
    open_grid(page, microscope, 9)
    assert overflow(page) <= 0
    expect(page.locator(".panel-pane")).to_be_hidden()
    page.locator(f".row[data-id='{ids[2]}']").click()
    expect(page.locator(".panel-head h2")).to_contain_text("#3")
    expect(page.locator(".list-pane")).to_be_hidden()
    page.locator(".tab").first.click()
    expect(page.locator(".list-pane")).to_be_visible()


def overflow(page: Page) -> int:
    """How far the page is wider than the window, pixels."""
    wide: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return wide
