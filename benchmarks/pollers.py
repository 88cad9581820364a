"""Ask for one list again and again, in a process of its own, so that writers do not slow the clock.

`python -m benchmarks.pollers URL GRID SECONDS` prints times in milliseconds as JSON.
"""

import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from http.client import HTTPConnection
from urllib.parse import urlsplit

POLLERS = 8
POLLS_PER_S = 100.0
TIMEOUT_S = 60.0


@dataclass
class Polls:
    """What pollers saw."""

    full_ms: list[float] = field(default_factory=list)
    unchanged_ms: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def poll_from_outside(url: str, grid: str, seconds: float) -> Polls:
    """Poll in a process of its own and give what it saw."""
    command = [sys.executable, "-m", "benchmarks.pollers", url, grid, str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Polls(**json.loads(done.stdout))


def poll(url: str, grid: str, seconds: float) -> Polls:
    """Poll from several threads at a steady pace."""
    polls, stop = Polls(), threading.Event()
    with ThreadPoolExecutor(POLLERS) as pool:
        tasks = [pool.submit(_poll_until, url, grid, polls, stop, n) for n in range(POLLERS)]
        time.sleep(seconds)
        stop.set()
        for task in tasks:
            task.result()
    return polls


def _poll_until(url: str, grid: str, polls: Polls, stop: threading.Event, number: int) -> None:
    """Ask every other time for the whole list, else for news only."""
    pause_s = POLLERS / POLLS_PER_S
    path = f"/api/v1/grids/{grid}/squares?limit=500"
    tag, turn = "", number
    connection = HTTPConnection(str(urlsplit(url).netloc), timeout=TIMEOUT_S)
    due = time.monotonic() + pause_s * number / POLLERS
    while not stop.wait(max(0.0, due - time.monotonic())):
        due = max(due + pause_s, time.monotonic() - pause_s)
        turn += 1
        headers = {"If-None-Match": tag} if tag and turn % 2 else {}
        start = time.perf_counter()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        content = answer.read()
        took_ms = (time.perf_counter() - start) * 1000
        if answer.status == 304:
            polls.unchanged_ms.append(took_ms)
        elif answer.status == 200:
            polls.full_ms.append(took_ms)
            tag = answer.headers["etag"]
        else:
            polls.errors.append(content.decode())
    connection.close()


if __name__ == "__main__":
    print(json.dumps(asdict(poll(sys.argv[1], sys.argv[2], float(sys.argv[3])))))
