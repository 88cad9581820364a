import pytest
from playwright.sync_api import Page, expect

from service.queries.labels import add_labels
from service.schemas import LabelRequest
from tests.browser.looking import RANKED, api_squares, click_square, open_grid, until
from tests.browser.microscope import Microscope

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror='window.hacked=1'>\"'&amp; \u202eevil " + "long" * 900


def places(microscope: Microscope, grid_id: str) -> list[str]:
    """List the squares to take in their order, as the service has it."""
    squares = [one for one in api_squares(microscope, grid_id) if one["position"] is not None]
    return [str(one["id"]) for one in sorted(squares, key=lambda one: int(str(one["position"])))]


def test_squares_to_take_are_brought_into_an_order_and_back(
    page: Page, microscope: Microscope
) -> None:
    grid = microscope.load_grid(1)
    ids = microscope.acquire(grid, [3.9, 3.1, 3.8, *RANKED[3:]])
    grid_id = open_grid(page, microscope, 9)
    for _ in range(3):
        page.keyboard.press("ArrowDown")
        page.keyboard.press("t")
    page.keyboard.press("p")
    plan = page.locator(".plan-list li")
    best_first = [ids[0], ids[2], ids[1]]
    expect(plan).to_have_count(3)
    assert [row.get_attribute("data-id") for row in plan.all()] == best_first
    expect(page.locator(".plan .count")).to_contain_text("3 squares to take, about 10 min")

    page.get_by_role("button", name="Short").click()
    until(page, lambda: places(microscope, grid_id) == [ids[0], ids[1], ids[2]])
    expect(page.locator(".plan-way text")).to_have_count(3)

    plan.nth(2).locator(".plan-square").click()
    page.keyboard.press("Alt+ArrowUp")
    until(page, lambda: places(microscope, grid_id) == [ids[0], ids[2], ids[1]])
    page.keyboard.press("u")
    until(page, lambda: places(microscope, grid_id) == [ids[0], ids[1], ids[2]])

    page.keyboard.press("t")
    expect(plan).to_have_count(2)
    until(page, lambda: places(microscope, grid_id) == [ids[0], ids[1]])
    page.keyboard.press("u")
    until(page, lambda: places(microscope, grid_id) == [ids[0], ids[1], ids[2]])
    with page.expect_download() as waited:
        page.get_by_role("link", name="SerialEM navigator").last.click()
    assert waited.value.path().read_text().count("Acquire = 1") == 3


def test_a_note_stands_beside_its_square_as_text(page: Page, microscope: Microscope) -> None:
    grid = microscope.load_grid(1)
    ids = microscope.acquire(grid, RANKED)
    grid_id = open_grid(page, microscope, 9)
    page.locator(f".row[data-id='{ids[0]}']").click()

    page.locator(".decision .note input").fill(HOSTILE)
    page.keyboard.press("Enter")
    until(page, lambda: microscope.client.get(f"/grids/{grid_id}/decisions").json()["total"] == 1)
    page.reload()

    expect(page.locator(".decision .notes li")).to_contain_text("<img src=x onerror=")
    page.keyboard.press("Escape")
    expect(page.locator(".about-grid .notes li")).to_have_count(0)
    page.locator(".about-grid .note input").fill("best of the cassette")
    page.keyboard.press("Enter")
    expect(page.locator(".about-grid .notes li")).to_contain_text("best of the cassette")
    page.goto(f"/grids/{grid_id}?view=report")
    expect(page.locator(".report-notes li")).to_have_count(2)
    expect(page.locator(".report-notes")).to_contain_text("<img src=x onerror=")
    assert page.evaluate("window.hacked") is None
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0


def test_raters_are_compared_where_two_have_graded_the_same_squares(
    page: Page, microscope: Microscope
) -> None:
    grid = microscope.load_grid(1)
    ids = microscope.acquire(grid, RANKED)
    given = {"AB": [4, 3, 1, 0], "CD": [4, 2, 0, 0]}
    rows = [
        {"author": author, "square_id": square, "overall": grade}
        for author, grades in given.items()
        for square, grade in zip(ids, grades, strict=False)
    ]
    with microscope.database.write() as db:
        add_labels(db, [LabelRequest.model_validate(row) for row in rows], "test")
    open_grid(page, microscope, 9)
    page.wait_for_timeout(800)

    click_square(page, ids[1])

    expect(page.locator(".agreed")).to_have_text(
        "Raters on 4 squares: overall differs by 0.5 on average, weighted kappa 0.91"
    )
    expect(page.locator(".others").first).to_contain_text("AB: 3.0")
