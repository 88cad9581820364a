import re

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from ingest.records import FileRecord, FileState
from service.tables import JobRow, JobState, SquareStatus, TileRow
from tests.browser.looking import (
    RANKED,
    api_squares,
    brightest,
    click_square,
    listed,
    open_grid,
    selected,
    until,
)
from tests.browser.microscope import Microscope

pytestmark = pytest.mark.browser


def test_tiles_appear_one_by_one_while_the_page_is_open(page: Page, microscope: Microscope) -> None:
    grid = microscope.load_grid(1, "First")
    microscope.acquire(grid, RANKED)
    open_grid(page, microscope, 9)
    expect(page.locator(".seams rect")).to_have_count(1)
    expect(page.locator(".tile-progress .tiles")).to_have_text("1 of 4 tiles")
    expect(page.locator(".openseadragon-canvas canvas")).to_be_visible()

    microscope.acquire(grid, RANKED)

    expect(page.locator(".seams rect")).to_have_count(2)
    expect(page.locator(".square")).to_have_count(18)
    expect(page.locator(".tile-progress .tiles")).to_have_text("2 of 4 tiles")
    page.wait_for_timeout(500)
    assert brightest(page) >= 120


def test_squares_are_outlined_by_score_and_status(page: Page, microscope: Microscope) -> None:
    grid = microscope.load_grid(1)
    ids = microscope.acquire(grid)
    scored = dict(zip(ids[:6], RANKED[:6], strict=True))
    microscope.score(scored)
    microscope.score({ids[6]: 2.0}, SquareStatus.OUT_OF_DOMAIN)
    microscope.fail(ids[7], "the crop cannot be read")

    open_grid(page, microscope, 9)

    kinds = [
        page.locator(f".square.{kind}").count()
        for kind in ("scored", "out_of_domain", "failed", "waiting")
    ]
    assert kinds == [6, 1, 1, 1]
    outlines = [page.locator(f".square[data-id='{square}'] polygon") for square in ids]
    colours = {outline.get_attribute("stroke") for outline in outlines}
    assert len(colours) == 8
    widths = [
        outlines[k].evaluate("line => line.style.getPropertyValue('--width')") for k in (0, 5)
    ]
    assert float(widths[0]) > float(widths[1])
    assert outlines[7].get_attribute("stroke-dasharray") is not None
    expect(page.locator(".signs text")).to_have_count(3)


def test_the_list_is_ranked_as_the_service_ranks(page: Page, microscope: Microscope) -> None:
    grid = microscope.load_grid(1)
    microscope.acquire(grid, RANKED[::-1])
    grid_id = open_grid(page, microscope, 9)

    assert listed(page) == [square["id"] for square in api_squares(microscope, grid_id)]
    first = page.locator(".row[aria-posinset='1']")
    expect(first.locator(".overall b")).to_have_text("3.9")
    expect(first.locator(".reason")).to_have_text("thin film, grade 3.9")


def test_the_ranking_follows_new_scores(page: Page, microscope: Microscope) -> None:
    grid = microscope.load_grid(1)
    microscope.acquire(grid, [score / 2 for score in RANKED])
    open_grid(page, microscope, 9)

    ids = microscope.acquire(grid, RANKED)

    expect(page.locator(".row[aria-posinset='1']")).to_have_attribute("data-id", ids[9])
    expect(page.locator(".grid-head .verdict")).to_contain_text("2 usable of 18")


def test_atlas_and_list_choose_for_each_other(page: Page, microscope: Microscope) -> None:
    grid = microscope.load_grid(1)
    ids = microscope.acquire(grid, RANKED)
    open_grid(page, microscope, 9)
    page.wait_for_timeout(800)

    click_square(page, ids[4])
    expect(page.locator(f".row[data-id='{ids[4]}']")).to_have_attribute("aria-selected", "true")
    expect(page.locator(".panel-head h2")).to_contain_text("#5")

    page.locator(f".row[data-id='{ids[1]}']").click()
    expect(page.locator(".panel-head h2")).to_contain_text("#2")
    drawn = page.locator(".selected .over").get_attribute("d") or ""
    start = [float(part) for part in re.findall(r"-?[\d.]+", drawn)[:2]]
    assert abs(start[0] - 500) < 90
    assert abs(start[1] - 140) < 90

    page.keyboard.press("ArrowDown")
    assert selected(page) == ids[2]
    page.keyboard.press("Escape")
    expect(page.locator(".panel-empty")).to_be_visible()


def test_attention_maps_are_laid_over_the_square(page: Page, microscope: Microscope) -> None:
    grid = microscope.load_grid(1)
    microscope.acquire(grid, RANKED)
    open_grid(page, microscope, 9)
    page.keyboard.press("ArrowDown")
    cracks, specks = page.locator("canvas.map.cracking"), page.locator("canvas.map.contamination")
    expect(cracks).to_be_hidden()

    page.keyboard.press("a")
    expect(cracks).to_be_visible()
    expect(specks).to_be_hidden()
    until(page, lambda: cracks.evaluate("canvas => canvas.width === 80"))
    alpha = """canvas => [[40, 30], [10, 10]].map(([row, column]) =>
        canvas.getContext('2d').getImageData(column, row, 1, 1).data[3])"""
    assert cracks.evaluate(alpha) == [255, 0]
    strong = float(cracks.evaluate("canvas => canvas.style.opacity"))
    page.keyboard.press("[")
    assert float(cracks.evaluate("canvas => canvas.style.opacity")) < strong

    page.keyboard.press("a")
    expect(specks).to_be_visible()
    page.keyboard.press("a")
    expect(cracks).to_be_visible()
    page.keyboard.press("a")
    expect(cracks).to_be_hidden()


def test_layers_and_filters_show_and_hide(page: Page, microscope: Microscope) -> None:
    grid = microscope.load_grid(1)
    microscope.acquire(grid, RANKED)
    open_grid(page, microscope, 9)
    categories, seams = page.locator(".categories"), page.locator(".seams")
    expect(categories).to_be_hidden()

    page.keyboard.press("e")
    expect(categories).to_be_visible()
    expect(categories.locator("text").first).to_have_text("0")
    page.keyboard.press("g")
    expect(seams).to_be_visible()
    expect(page.locator(".lattice")).to_be_visible()
    page.locator(".filters input[type=range]").first.fill("2")
    expect(page.locator(".row")).to_have_count(4)
    expect(page.locator(".square.faint")).to_have_count(5)
    page.locator(".filters select").first.select_option("waiting")
    expect(page.locator(".ranked .list-empty")).to_be_visible()
    page.locator(".ranked .list-empty button").click()
    expect(page.locator(".row")).to_have_count(9)


def test_squares_are_filtered_by_an_attribute_and_by_what_is_in_view(
    page: Page, microscope: Microscope
) -> None:
    grid = microscope.load_grid(1)
    microscope.acquire(grid, RANKED)
    open_grid(page, microscope, 9)

    page.get_by_label("Attribute", exact=True).select_option("contamination")
    expect(page.locator(".row")).to_have_count(9)
    page.get_by_label("Limit of the attribute").fill("0.5")
    expect(page.locator(".ranked .list-empty")).to_be_visible()
    page.locator(".ranked .list-empty button").click()

    page.get_by_label("Area", exact=True).select_option("view")
    expect(page.locator(".row")).to_have_count(9)
    page.locator(".row").first.click()
    page.keyboard.press("Enter")
    expect(page.locator(".row")).to_have_count(1)


def test_the_stage_position_is_read_under_the_cursor(page: Page, microscope: Microscope) -> None:
    grid = microscope.load_grid(1)
    ids = microscope.acquire(grid, RANKED)
    open_grid(page, microscope, 9)
    page.wait_for_timeout(800)

    box = page.locator(f".square[data-id='{ids[4]}'] polygon").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    shown = page.locator(".readout .place").inner_text().replace("\u2212", "-")
    x, y = (float(part) for part in re.findall(r"-?[\d.]+", shown))
    assert abs(x - 250) < 2
    assert abs(y + 200) < 2


def test_failed_files_stand_with_their_reason(page: Page, microscope: Microscope) -> None:
    grid = microscope.load_grid(1)
    microscope.acquire(grid, RANKED)
    microscope.sign_on()
    microscope.report_file(
        FileRecord(path="a/Tile_1.mrc", state=FileState.FAILED, reason="ends early", attempts=3)
    )
    open_grid(page, microscope, 9)

    expect(page.locator(".activity")).to_contain_text("1 file failed")
    page.locator(".activity").click()
    row = page.locator(".files tbody tr")
    expect(row).to_contain_text("a/Tile_1.mrc")
    expect(row).to_contain_text("ends early")
    expect(page.locator(".processes")).to_contain_text("/epu")


def test_a_tile_given_up_is_tried_again_from_the_page(page: Page, microscope: Microscope) -> None:
    grid = microscope.load_grid(1)
    microscope.acquire(grid)
    with microscope.database.write() as db:
        tile = db.scalars(sa.select(TileRow)).one()
        db.add(JobRow(id="score:1", tile_id=tile.id, state=JobState.DEAD, reason="<b>no room</b>"))
    open_grid(page, microscope, 9)

    expect(page.locator(".activity")).to_contain_text("1 tile given up")
    page.locator(".activity").click()
    expect(page.locator(".files tbody tr")).to_contain_text("<b>no room</b>")
    page.get_by_role("button", name="Try again").click()

    expect(page.locator(".files")).to_have_count(0)
    jobs = microscope.client.get("/jobs").json()["items"]
    assert [job["state"] for job in jobs] == ["queued"]
