"""The operator's page in a headless Chromium: a cassette of 12 grids with 400 squares each."""

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Browser, CDPSession, Page, ViewportSize, sync_playwright

from benchmarks.cassette import GRIDS, SIDE, fill
from benchmarks.figure import Figure
from benchmarks.machine import ROOT
from service.settings import Settings

FLAGS = ["--disable-gpu", "--no-first-run", "--disable-background-networking", "--no-sandbox"]
DESK: ViewportSize = {"width": 1280, "height": 800}
VISITS = 5
MOVES = 60
TURN_MS = 2_000
TURNS = 300
HOUR_TURNS = 1_800
TURNS_PER_DECISION = 30
LABELS = 30
MIB = 2**20

MARK_USABLE = """(() => {
  const look = () => {
    const outlines = document.querySelectorAll(".square").length;
    if (outlines === %d && document.querySelector(".row")) {
      requestAnimationFrame(() => { window.usableAt = performance.now(); });
    } else requestAnimationFrame(look);
  };
  look();
})()"""
IS_SHOWN = """rank => {
  const head = document.querySelector(".panel-head h2");
  const image = document.querySelector(".panel-pane img");
  return head?.textContent.includes(rank) && image?.complete && image.naturalWidth > 0;
}"""
COUNT_FRAMES = """() => {
  window.frames_ms = [];
  let before = performance.now();
  const count = now => {
    window.frames_ms.push(now - before);
    before = now;
    requestAnimationFrame(count);
  };
  requestAnimationFrame(now => { before = now; requestAnimationFrame(count); });
}"""


@dataclass(frozen=True)
class Served:
    """A web process and its address."""

    url: str
    pid: int

    def cpu_s(self) -> float:
        """Get the processor time that it has taken."""
        stat = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def measure() -> Iterator[Figure]:
    """Open a grid, move its atlas, and leave the page open for an hour of polling."""
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        settings = Settings(data_dir=Path(name) / "data", port=_free_port())
        fill(settings)
        chromium = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        with _serving(settings) as served:
            yield from _usable(browser, served)
            yield from _frames(browser, served)
            yield _labels(browser, served)
            yield from _hour(browser, served)
        browser.close()


def _usable(browser: Browser, served: Served) -> Iterator[Figure]:
    """Open a grid with nothing cached, until list and outlines are painted."""
    visits = [_visit(browser, served) for _ in range(VISITS + 1)][1:]
    times, works = zip(*visits, strict=True)
    what = f"grid view of {SIDE**2} squares ({GRIDS} grids) usable after navigation"
    yield Figure(f"{what}, median of {VISITS}", statistics.median(times), "ms")
    yield Figure(f"{what}, worst", max(times), "ms")
    yield Figure(f"{what}, work of the page's thread", statistics.median(works), "ms")


def _visit(browser: Browser, served: Served) -> tuple[float, float]:
    """Get the time until the page is usable, and what its thread has worked by then."""
    page = browser.new_page(viewport=DESK)
    session = _measured(page)
    page.add_init_script(MARK_USABLE % SIDE**2)
    page.goto(_grid_address(page, served))
    while (usable := page.evaluate("window.usableAt ?? null")) is None:
        page.wait_for_timeout(50)
    work = _work_ms(session)
    page.close()
    return float(usable), work


def _frames(browser: Browser, served: Served) -> Iterator[Figure]:
    """Zoom in and out and drag the atlas: the time from each frame to the next."""
    page = browser.new_page(viewport=DESK)
    page.goto(_grid_address(page, served))
    page.wait_for_selector(".square")
    page.wait_for_load_state("networkidle")
    session = _measured(page)
    before = _work_ms(session)
    page.evaluate(COUNT_FRAMES)
    middle = DESK["width"] / 2, DESK["height"] / 2
    page.mouse.move(*middle)
    for k in range(MOVES):
        page.mouse.wheel(0, -120 if k % 20 < 10 else 120)
        page.wait_for_timeout(30)
    page.mouse.down()
    for k in range(MOVES):
        page.mouse.move(middle[0] + 120 * (k % 10 - 5) / 5, middle[1] + 80 * (k % 7 - 3) / 3)
        page.wait_for_timeout(16)
    page.mouse.up()
    frames: list[float] = page.evaluate("window.frames_ms")
    work = _work_ms(session) - before
    page.close()
    yield Figure("pan and zoom, frame p50", statistics.median(frames), "ms")
    yield Figure("pan and zoom, frame p95", statistics.quantiles(frames, n=20)[-1], "ms")
    yield Figure("pan and zoom, work of the page's thread for a frame", work / len(frames), "ms")


def _labels(browser: Browser, served: Served) -> Figure:
    """Label by keys alone, each square once its large picture is there, until all are stored."""
    page = browser.new_page(viewport=DESK)
    page.goto(_grid_address(page, served))
    page.wait_for_selector(".square")
    page.keyboard.press("ArrowDown")
    page.locator(".initials").fill("AB")
    page.keyboard.press("Enter")
    start = time.monotonic()
    for number in range(LABELS):
        page.wait_for_function(IS_SHOWN, arg=f"#{number + 1}")
        page.keyboard.press(str(number % 5))
    address = f"{served.url}/api/v1/labels?limit=1"
    while page.request.get(address).json()["total"] < LABELS:
        page.wait_for_timeout(20)
    took_s = time.monotonic() - start
    page.close()
    return Figure(f"{LABELS} squares labelled by keys, their pictures waited for", took_s, "s")


def _hour(browser: Browser, served: Served) -> Iterator[Figure]:
    """Go through ten minutes of polling with the pauses left out, a decision in each minute.

    The page's clock is wound on from turn to turn; the figures are for the whole hour.
    """
    page = browser.new_page(viewport=DESK)
    page.clock.install()
    address = _grid_address(page, served)
    page.goto(address)
    page.wait_for_selector(".square")
    page.wait_for_load_state("networkidle")
    page.keyboard.press("ArrowDown")
    session = page.context.new_cdp_session(page)
    _turns(page, TURNS_PER_DECISION)
    heap, cpu = _heap_mib(session), served.cpu_s()
    _turns(page, TURNS)
    cpu, grown = served.cpu_s() - cpu, (_heap_mib(session) - heap) * HOUR_TURNS / TURNS
    page.close()
    yield Figure("heap of the page after a first minute of polling", heap, "MiB")
    yield Figure("heap grown by an hour of polling, a decision each minute", grown, "MiB")
    yield Figure("polling costs the API", 100 * cpu / (TURNS * TURN_MS / 1000), "% of a core")


def _turns(page: Page, number: int) -> None:
    for turn in range(number):
        if turn % TURNS_PER_DECISION == 0:
            page.keyboard.press("t")
        with page.expect_response(lambda answer: "/events" in answer.url):
            page.clock.run_for(TURN_MS)


def _measured(page: Page) -> CDPSession:
    """Count what the page's thread works: unlike time, hardly more on a busy machine."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    return session


def _work_ms(session: CDPSession) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    seconds: float = next(one["value"] for one in metrics if one["name"] == "TaskDuration")
    return 1000 * seconds


def _heap_mib(session: CDPSession) -> float:
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    used: float = session.send("Runtime.getHeapUsage")["usedSize"]
    return used / MIB


def _grid_address(page: Page, served: Served) -> str:
    answer = page.request.get(f"{served.url}/api/v1/grids")
    return f"{served.url}/grids/{answer.json()['items'][0]['id']}"


@contextmanager
def _serving(settings: Settings) -> Iterator[Served]:
    command = [sys.executable, "-m", "service.cli", "serve", "--log-level", "WARNING"]
    command += ["--data", str(settings.data_dir), "--port", str(settings.port)]
    process = subprocess.Popen(command, cwd=ROOT)
    url = f"http://127.0.0.1:{settings.port}"
    try:
        _wait_until_ready(url)
        yield Served(url, process.pid)
    finally:
        process.terminate()
        process.wait()


def _wait_until_ready(url: str) -> None:
    """Wait for the first answer.

    Raises:
        TimeoutError: if none comes within two minutes.
    """
    end_s = time.monotonic() + 120
    while time.monotonic() < end_s:
        try:
            with urlopen(f"{url}/readyz", timeout=5):
                return
        except (URLError, TimeoutError):
            time.sleep(0.2)
    raise TimeoutError(f"{url} does not answer")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
