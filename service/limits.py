"""Limits for each address: how many requests, and how many tries with a wrong token.

One forgotten script with a revoked token must not shut out the others behind its address: what was
shown with a token that the service knew stays let in until it is refused.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.schemas import ErrorAnswer

ADDRESSES = 10_000
"""Addresses remembered; the one longest not heard of is forgotten first."""

WRONG_TOKENS_A_MINUTE = 30
"""256 random bits cannot be guessed; this keeps the log and the database quiet."""

BURST_S = 4.0

TOKEN_KNOWN = "token_known"
"""Name in a request's state: it showed a token that is valid."""


@dataclass
class _Bucket:
    """Filled at a rate up to a height; every request takes one."""

    left: float
    filled_at: float

    def take(self, now: float, rate: float, height: float, amount: float = 1.0) -> bool:
        self.left = min(height, self.left + (now - self.filled_at) * rate)
        self.filled_at = now
        if self.left < 1.0:
            return False
        self.left -= amount
        return True


class LimitRate:
    """Middleware: answers 429 to an address that asks too often or tries too many tokens."""

    def __init__(
        self, app: ASGIApp, per_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.app = app
        self._per_s = per_s
        self._clock = clock
        self._requests: OrderedDict[str, _Bucket] = OrderedDict()
        self._wrong: OrderedDict[str, _Bucket] = OrderedDict()
        self._known: OrderedDict[bytes, None] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        address = scope["client"][0] if scope.get("client") else "unknown"
        if not self._may_ask(address):
            await _refuse("too many requests from this address", 1)(scope, receive, send)
            return
        shown = _what_is_shown(scope)
        is_new = shown is not None and shown not in self._known
        if is_new and not self._may_try(address, amount=0.0):
            await _refuse("too many wrong tokens from this address", 60)(scope, receive, send)
            return

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._learn(scope, shown, address, refused=message["status"] == 401)
            await send(message)

        await self.app(scope, receive, send_counted)

    def _learn(self, scope: Scope, shown: bytes | None, address: str, *, refused: bool) -> None:
        """Count a wrong token, or remember a right one."""
        if refused and (shown is not None or scope["path"].endswith("/login")):
            self._may_try(address, amount=1.0)
        if shown is None:
            return
        if refused:
            self._known.pop(shown, None)
        elif scope.get("state", {}).get(TOKEN_KNOWN):
            self._known[shown] = None
            self._known.move_to_end(shown)
            while len(self._known) > ADDRESSES:
                self._known.popitem(last=False)

    def _may_ask(self, address: str) -> bool:
        height = max(1.0, self._per_s * BURST_S)
        return self._bucket(self._requests, address, height).take(
            self._clock(), self._per_s, height
        )

    def _may_try(self, address: str, amount: float) -> bool:
        height = float(WRONG_TOKENS_A_MINUTE)
        bucket = self._bucket(self._wrong, address, height)
        return bucket.take(self._clock(), height / 60, height, amount)

    def _bucket(self, buckets: OrderedDict[str, _Bucket], address: str, height: float) -> _Bucket:
        bucket = buckets.setdefault(address, _Bucket(height, self._clock()))
        buckets.move_to_end(address)
        while len(buckets) > ADDRESSES:
            buckets.popitem(last=False)
        return bucket


def _what_is_shown(scope: Scope) -> bytes | None:
    """Name what a request shows of tokens, by a hash; None where it shows nothing."""
    shown = [v for name, v in scope["headers"] if name in (b"authorization", b"cookie")]
    return sha256(b"\0".join(shown)).digest() if shown else None


def _refuse(detail: str, wait_s: int) -> JSONResponse:
    body = ErrorAnswer(detail=detail, code="too_many").model_dump(mode="json")
    return JSONResponse(body, status_code=429, headers={"Retry-After": str(wait_s)})
