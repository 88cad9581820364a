"""What the web process tells about itself: one log line and one count for every request."""

from http import HTTPMethod
from time import perf_counter
from uuid import uuid4

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger()

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

METHODS = frozenset(method.value for method in HTTPMethod)
"""Those that are counted by name: each name that is counted is kept for ever."""


class LimitBody:
    """Middleware: refuses a request's body once it is longer than allowed."""

    def __init__(self, app: ASGIApp, largest: int) -> None:
        self.app = app
        self.largest = largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        read = 0

        async def receive_limited() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self.largest:
                raise HTTPException(413, f"body is larger than {self.largest} bytes")
            return message

        await self.app(scope, receive_limited, send)


class Observe:
    """Middleware: gives each request an id, counts and logs it, and adds the security headers."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self.app = app
        self.requests = Counter(
            "xcryonet_http_requests",
            "Requests answered",
            ["method", "route", "status"],
            registry=registry,
        )
        self.seconds = Histogram(
            "xcryonet_http_request_seconds", "Time to answer", ["route"], registry=registry
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status, request_id = perf_counter(), 500, uuid4().hex[:12]
        structlog.contextvars.bind_contextvars(request_id=request_id)

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers.update({**SECURITY_HEADERS, "X-Request-Id": request_id})
            await send(message)

        try:
            await self.app(scope, receive, send_observed)
        finally:
            self._note(scope, status, perf_counter() - started)
            structlog.contextvars.unbind_contextvars("request_id")

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = _template(scope)
        method = scope["method"]
        counted = method if method in METHODS else "other"
        self.requests.labels(counted, route, str(status)).inc()
        self.seconds.labels(route).observe(seconds)
        level = log.warning if status >= 500 else log.info if method != "GET" else log.debug
        level(
            "request",
            method=method,
            path=scope["path"],
            status=status,
            milliseconds=round(seconds * 1000, 1),
        )


def _template(scope: Scope) -> str:
    """Name a request's route: its address with each id replaced by the id's name."""
    if "route" not in scope:
        return "none"
    path: str = scope["path"]
    for name, value in scope.get("path_params", {}).items():
        path = path.replace(str(value), f"{{{name}}}")
    return path
