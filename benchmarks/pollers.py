"""Ask for one list again and again, in a process of its own, so that writers do not slow the clock.

`python -m benchmarks.pollers URL GRID SECONDS` prints times in milliseconds as JSON.
"""

import json
import re
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
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
    address = urlsplit(url)
    connection = socket.create_connection((address.hostname, address.port), TIMEOUT_S)
    due = time.monotonic() + pause_s * number / POLLERS
    while not stop.wait(max(0.0, due - time.monotonic())):
        due = max(due + pause_s, time.monotonic() - pause_s)
        turn += 1
        known = f"If-None-Match: {tag}\r\n" if tag and turn % 2 else ""
        question = f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\n{known}\r\n".encode()
        start = time.perf_counter()
        connection.sendall(question)
        answer = _read_answer(connection)
        took_ms = (time.perf_counter() - start) * 1000
        if b" 304 " in answer[:13]:
            polls.unchanged_ms.append(took_ms)
        elif b" 200 " in answer[:13]:
            polls.full_ms.append(took_ms)
            tag = _find_header(answer, b"etag")
        else:
            polls.errors.append(answer.decode())
    connection.close()


def _read_answer(connection: socket.socket) -> bytes:
    """Read one answer whole; no more is done with it while the clock runs than must be."""
    answer = bytearray()
    length = None
    while length is None or len(answer) < length:
        answer += connection.recv(1 << 18)
        head = answer.find(b"\r\n\r\n") + 4
        if length is None and head > 3:
            length = head + int(_find_header(answer[:head], b"content-length") or 0)
    return bytes(answer)


def _find_header(answer: bytes | bytearray, name: bytes) -> str:
    found = re.search(rb"(?i)\r\n" + name + rb": *([^\r]*)", answer)
    return found[1].decode() if found else ""


if __name__ == "__main__":
    print(json.dumps(asdict(poll(sys.argv[1], sys.argv[2], float(sys.argv[3])))))
