import pytest
from playwright.sync_api import Page, expect

from service.settings import AuthMode, Settings
from service.tokens import Scope, create_token
from tests.browser.conftest import Watched
from tests.browser.looking import RANKED, api_squares, first_grid, open_grid, selected, until
from tests.browser.microscope import Microscope

pytestmark = pytest.mark.browser


def labels(microscope: Microscope) -> list[dict[str, object]]:
    items: list[dict[str, object]] = microscope.client.get("/labels").json()["items"]
    return items


def decision_of(microscope: Microscope, grid_id: str, square_id: str) -> object:
    squares = {square["id"]: square for square in api_squares(microscope, grid_id)}
    return squares[square_id]["decision"]


def test_thirty_squares_are_labelled_by_keyboard_alone(page: Page, microscope: Microscope) -> None:
    grid = microscope.load_grid(1)
    for _ in range(4):
        microscope.acquire(grid, RANKED)
    open_grid(page, microscope, 36)
    page.keyboard.press("ArrowDown")
    page.locator(".initials").fill("AB")
    page.keyboard.press("Enter")

    for number in range(30):
        page.keyboard.press(str(number % 5))

    expect(page.locator(".panel-head h2")).to_contain_text("#31")
    until(page, lambda: len(labels(microscope)) == 30)
    kept = labels(microscope)
    assert {label["author"] for label in kept} == {"AB"}
    by_square = {label["square_id"]: label["overall"] for label in kept}
    ranked = [square["id"] for square in api_squares(microscope, first_grid(microscope))]
    assert [by_square[square] for square in ranked[:30]] == [number % 5 for number in range(30)]

    page.keyboard.press("u")
    until(page, lambda: len(labels(microscope)) == 29)


def test_grades_of_one_square_add_up_to_one_label(page: Page, microscope: Microscope) -> None:
    grid = microscope.load_grid(1)
    microscope.acquire(grid, RANKED)
    open_grid(page, microscope, 9)
    page.locator(".row[aria-posinset='1']").click()
    page.locator(".initials").fill("AB")
    page.locator(".initials").press("Enter")
    page.get_by_label("After a label").select_option("attribute")
    page.locator(".panel-head h2").click()

    for key in "43210":
        page.keyboard.press(key)
    until(page, lambda: labels(microscope) != [])

    until(page, lambda: labels(microscope)[0]["contamination"] == 0)
    assert len(labels(microscope)) == 1
    label = labels(microscope)[0]
    given = [
        label[name] for name in ("overall", "brightness", "squareness", "cracking", "contamination")
    ]
    assert given == [4, 3, 2, 1, 0]


def test_a_label_without_initials_is_refused_in_words(page: Page, microscope: Microscope) -> None:
    grid = microscope.load_grid(1)
    microscope.acquire(grid, RANKED)
    open_grid(page, microscope, 9)
    page.keyboard.press("ArrowDown")

    page.keyboard.press("3")

    expect(page.locator("#announce")).to_contain_text("initials")
    expect(page.locator(".initials")).to_be_focused()
    assert labels(microscope) == []


def test_a_square_is_taken_skipped_and_let_go(page: Page, microscope: Microscope) -> None:
    grid = microscope.load_grid(1)
    microscope.acquire(grid, RANKED)
    grid_id = open_grid(page, microscope, 9)

    def decided(kind: str | None) -> None:
        until(page, lambda: decision_of(microscope, grid_id, str(first)) == kind)

    page.keyboard.press("ArrowDown")
    first = selected(page)
    assert first is not None
    page.keyboard.press("t")
    expect(page.locator(f".square[data-id='{first}'].take .take-mark")).to_have_count(1)
    decided("take")
    page.keyboard.press("s")
    decided("skip")
    expect(page.locator(f".row[data-id='{first}'][data-decision=skip]")).to_have_count(1)
    page.keyboard.press("u")
    decided("take")
    page.keyboard.press("u")
    decided(None)
    assert all(square["decision"] is None for square in api_squares(microscope, grid_id))


class TestWithTokens:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"auth": AuthMode.OPEN_READS})

    def test_the_token_is_asked_for_where_one_works_and_nothing_is_lost(
        self, page: Page, microscope: Microscope, watched: Watched
    ) -> None:
        watched.forgiven.append("401")
        with microscope.database.write() as db:
            token = create_token(db, "operator", [Scope.READ, Scope.DECIDE])
        grid = microscope.load_grid(1)
        microscope.acquire(grid, RANKED)
        grid_id = open_grid(page, microscope, 9)
        page.keyboard.press("ArrowDown")
        expect(page.locator("form.token")).to_be_hidden()

        page.keyboard.press("t")
        expect(page.locator("form.token")).to_be_visible()
        page.locator("form.token input").fill("xcn_wrong")
        page.locator("form.token button").click()
        expect(page.locator("form.token .wrong")).to_contain_text("token")
        page.locator("form.token input").fill(token)
        page.locator("form.token button").click()

        expect(page.locator("form.token")).to_be_hidden()
        until(page, lambda: decision_of(microscope, grid_id, str(selected(page))) == "take")
