"""Short ways to ask a page what it shows."""

import time
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.microscope import Microscope

LONGEST_S = 30.0
RANKED = [3.9, 3.1, 2.6, 2.2, 1.9, 1.4, 1.0, 0.6, 0.2]
"""Overall scores of the nine squares of a tile, best first."""


def open_grid(page: Page, microscope: Microscope, squares: int) -> str:
    """Open the page of the first grid and wait for its squares; give the grid's id."""
    grid_id = first_grid(microscope)
    page.goto(f"/grids/{grid_id}")
    expect(page.locator(".square")).to_have_count(squares)
    return grid_id


def first_grid(microscope: Microscope) -> str:
    return str(microscope.client.get("/grids").json()["items"][0]["id"])


def api_squares(microscope: Microscope, grid_id: str) -> list[dict[str, object]]:
    items: list[dict[str, object]] = microscope.client.get(f"/grids/{grid_id}/squares").json()[
        "items"
    ]
    return items


def until(page: Page, condition: Callable[[], object]) -> None:
    """Wait for something that the page does not show.

    Raises:
        TimeoutError: if it does not come true.
    """
    end_s = time.monotonic() + LONGEST_S
    while not condition():
        if time.monotonic() > end_s:
            raise TimeoutError(f"still not true after {LONGEST_S:.0f} s")
        page.wait_for_timeout(50)


def listed(page: Page) -> list[str]:
    """Give the ids in the list, from the top."""
    rows = page.locator(".row")
    found = rows.evaluate_all(
        "rows => rows.map(row => [Number(row.getAttribute('aria-posinset')), row.dataset.id])"
    )
    return [square_id for _, square_id in sorted(found)]


def selected(page: Page) -> str | None:
    row = page.locator(".row[aria-selected=true]")
    return row.get_attribute("data-id") if row.count() else None


def click_square(page: Page, square_id: str) -> None:
    """Click in the middle of a square of the atlas."""
    box = page.locator(f".square[data-id='{square_id}'] polygon").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def brightest(page: Page) -> int:
    """Give the brightest grey value of the atlas' canvas."""
    value: int = page.evaluate(
        """() => {
          const canvas = document.querySelector(".openseadragon-canvas canvas");
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          let most = 0;
          for (let k = 0; k < data.length; k += 4) most = Math.max(most, data[k]);
          return most;
        }"""
    )
    return value
