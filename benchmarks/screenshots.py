"""Pictures of every view at three sizes: `python -m benchmarks.screenshots [--url URL]`.

Without an address, a session is simulated and screened first, in a folder that is removed again.
"""

import argparse
import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.machine import ROOT

OUT = ROOT / "docs" / "screenshots"
SIZES = {"1280": (1280, 800), "3840": (3840, 2160), "390": (390, 844)}
FLAGS = ["--disable-gpu", "--no-first-run", "--disable-background-networking", "--no-sandbox"]
PHONE_PX = 600
GREYS, COLOURS = 80, 176
GREYISH = 10
SETTLED_MS = 2_000
LONGEST_MS = 120_000
LONGEST_S = 1_800.0


def main() -> None:
    """Make all pictures."""
    parser = argparse.ArgumentParser(prog="screenshots", description=__doc__)
    parser.add_argument("--url", help="a running service (default: a simulated session)")
    parser.add_argument("--watch", type=Path, help="screen this folder instead of simulating one")
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES), help="widths")
    parser.add_argument("--out", type=Path, default=OUT, help=f"folder (default {OUT})")
    parser.add_argument(
        "--decide", action="store_true", help="also take squares and put them in order (with --url)"
    )
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        decide = args.decide or args.url is None
        url = args.url or stack.enter_context(screened_session(args.watch))
        playwright = stack.enter_context(sync_playwright())
        chromium = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for size in args.sizes:
            for picture in shoot(browser, url.rstrip("/"), size, args.out, decide=decide):
                print(picture)


def shoot(browser: Browser, url: str, size: str, out: Path, *, decide: bool) -> Iterator[Path]:
    """Go through all views at one size."""
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height})
    page.set_default_timeout(LONGEST_MS)
    page.goto(url)
    page.wait_for_selector(".card")
    yield _picture(page, out / f"session-{size}.png")
    page.locator(".card a").first.click()
    page.wait_for_selector(".row")
    yield _picture(page, out / f"atlas-{size}.png")
    _choose(page, phone=width < PHONE_PX)
    yield _picture(page, out / f"grid-{size}.png")
    if decide:
        _plan(page, phone=width < PHONE_PX)
        yield _picture(page, out / f"plan-{size}.png")
        page.keyboard.press("p")
    page.keyboard.press("?")
    yield _picture(page, out / f"keys-{size}.png")
    page.keyboard.press("?")
    page.locator(".activity").click()
    yield _picture(page, out / f"activity-{size}.png")
    page.goto(page.url.split("#")[0] + "?view=report")
    page.wait_for_selector(".report table")
    yield _picture(page, out / f"report-{size}.png", whole=True)
    page.close()


def _choose(page: Page, *, phone: bool) -> None:
    """Choose the third square, close, with its contamination map."""
    if phone:
        page.locator(".row").nth(2).click()
    for key in ["Escape", *["ArrowDown"] * 3, "Enter", "a", "a"]:
        page.keyboard.press(key)


def _plan(page: Page, *, phone: bool) -> None:
    """Take the eight best squares, unless some are taken, and go the shortest way."""
    page.keyboard.press("Escape")
    if page.locator(".square.take").count() == 0:
        for _ in range(8):
            page.keyboard.press("ArrowDown")
            page.keyboard.press("t")
    for key in "fp":
        page.keyboard.press(key)
    if phone:
        page.locator(".tab").first.click()
    page.locator(".plan-controls button").last.click()


def _picture(page: Page, path: Path, *, whole: bool = False) -> Path:
    """Take a picture when everything has arrived, in few enough colours to be small."""
    page.wait_for_selector(".mark[data-kind=live]")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(SETTLED_MS)
    page.screenshot(path=path, full_page=whole)
    with Image.open(path) as full:
        small = with_few_colours(full.convert("RGB"))
    small.save(path, optimize=True)
    return path


def with_few_colours(full: Image.Image) -> Image.Image:
    """Make a palette image in which greys, most of the pixels, leave colours their share."""
    pixels = np.asarray(full).reshape(-1, 3)
    coloured = pixels[np.ptp(pixels, axis=1) > GREYISH]
    greys = [level for grey in np.linspace(0, 255, GREYS).round() for level in [int(grey)] * 3]
    if len(coloured) == 0:
        return full.quantize(GREYS, dither=Image.Dither.NONE)
    hues = Image.fromarray(coloured[np.newaxis]).quantize(COLOURS, kmeans=2).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette(greys + hues[: 3 * COLOURS])
    return full.quantize(palette=palette, dither=Image.Dither.NONE)


@contextmanager
def screened_session(watch: Path | None) -> Iterator[str]:
    """Run everything on a session until all its squares are scored; give the page's address."""
    with TemporaryDirectory() as name:
        if watch is None:
            watch = Path(name) / "epu"
            command = ["simulate", str(watch), "--grids", "3", "--camera", "k3-half", "--quiet"]
            subprocess.run([sys.executable, "-m", "service.cli", *command], cwd=ROOT, check=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        command = ["run", "--watch", str(watch), "--data", str(Path(name) / "data"), "--port", port]
        process = subprocess.Popen([sys.executable, "-m", "service.cli", *command], cwd=ROOT)
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until_scored(url)
            yield url
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()


def wait_until_scored(url: str) -> None:
    """Wait until a session has stopped growing and no square waits for its score.

    Raises:
        TimeoutError: if that takes more than half an hour.
    """
    end_s = time.monotonic() + LONGEST_S
    before: list[tuple[int, int]] = []
    while time.monotonic() < end_s:
        time.sleep(10)
        counts = _count(url)
        if counts and counts == before and not any(waiting for _, waiting in counts):
            return
        before = counts
    raise TimeoutError(f"{url}: squares and how many wait, for each grid: {before}")


def _count(url: str) -> list[tuple[int, int]]:
    """Count each grid's squares, and those that wait for a score; nothing while it starts."""
    try:
        grids = _get(f"{url}/api/v1/grids")["items"]
        ask = [f"{url}/api/v1/grids/{grid['id']}/squares?limit=1" for grid in grids]
        return [(_get(one)["total"], _get(f"{one}&status=waiting")["total"]) for one in ask]
    except (URLError, TimeoutError):
        return []


def _get(address: str) -> dict[str, Any]:
    with urlopen(address, timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


if __name__ == "__main__":
    main()
