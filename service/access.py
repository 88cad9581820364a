"""Who may ask what: bearer tokens with scopes, and what the local page may do without one.

Without a token, a service that only this machine can reach answers questions and takes labels and
decisions, so that the page works at once; ingest and administration always need a token. A request
counts as local when it was not forwarded and names this machine, so that no other site's script
can reach the service under a name of its own (DNS rebinding); a write that a browser could send on
behalf of another site must come from the service's own page.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import Connection

from service.errors import ForbiddenError, NoTokenError
from service.limits import TOKEN_KNOWN
from service.settings import AuthMode, Settings
from service.tokens import Scope, find_scopes, find_token
from service.web import Parts, PartsDep

COOKIE = "xcryonet_token"
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
LOCAL_SCOPES = frozenset({Scope.READ, Scope.LABEL, Scope.DECIDE})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

bearer = HTTPBearer(auto_error=False, scheme_name="token", description="`xcryonet token create`")
cookie = APIKeyCookie(name=COOKIE, auto_error=False, scheme_name="cookie")


@dataclass(frozen=True)
class Caller:
    """Who asks."""

    name: str
    scopes: frozenset[Scope]

    def may(self, scope: Scope) -> bool:
        """Tell whether a scope is among the caller's."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


def require(scope: Scope) -> Callable[..., Awaitable[Caller]]:
    """Make the dependency of a route that needs a scope."""

    async def get_caller(
        request: Request,
        parts: PartsDep,
        header: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)],
        kept: Annotated[str | None, Security(cookie)],
    ) -> Caller:
        if header is not None:
            return check_scope(await _know(request, parts, header.credentials), scope)
        check_same_origin(request)
        if kept:
            return check_scope(await _know(request, parts, kept), scope)
        return check_scope(find_guest(request, parts.settings), scope)

    return get_caller


def may_read(request: Request, connection: Connection, settings: Settings) -> bool:
    """Tell whether a question's caller may read, for those who answer before any route does."""
    kind, _, plain = request.headers.get("authorization", "").partition(" ")
    token = plain if kind.lower() == "bearer" else request.cookies.get(COOKIE)
    if token:
        scopes = find_scopes(connection, token)
        setattr(request.state, TOKEN_KNOWN, bool(scopes))
        return not {Scope.READ, Scope.ADMIN}.isdisjoint(scopes)
    guest = find_guest(request, settings)
    return guest is not None and guest.may(Scope.READ)


async def _know(request: Request, parts: Parts, plain: str) -> Caller:
    caller = await run_in_threadpool(identify, parts, plain)
    setattr(request.state, TOKEN_KNOWN, True)
    return caller


def identify(parts: Parts, plain: str) -> Caller:
    """Find out whose token this is.

    Raises:
        NoTokenError: if it is unknown or revoked.
    """
    with parts.database.read() as db:
        token = find_token(db, plain)
    if token is None:
        raise NoTokenError("unknown or revoked token")
    return Caller(token.name, frozenset(Scope(scope) for scope in token.scopes))


def check_scope(caller: Caller | None, scope: Scope) -> Caller:
    """Pass a caller who may.

    Raises:
        NoTokenError: if nobody is known, or a token would be needed.
        ForbiddenError: if the token does not have the scope.
    """
    if caller is None or (caller in (LOCAL, GUEST) and not caller.may(scope)):
        raise NoTokenError(f"needs a token with scope {scope.value}")
    if not caller.may(scope):
        raise ForbiddenError(f"token {caller.name!r} has no scope {scope.value}")
    return caller


def check_same_origin(request: Request) -> None:
    """Let pass what cannot have been sent by another site's page.

    Raises:
        ForbiddenError: if it may change something and comes from elsewhere.
    """
    if request.method in SAFE_METHODS:
        return
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ForbiddenError("a page of another site may not write here")
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise ForbiddenError(f"expected this service's own page, found origin {origin}")


LOCAL = Caller("local", LOCAL_SCOPES)
GUEST = Caller("guest", frozenset({Scope.READ}))

ReadCaller = Annotated[Caller, Depends(require(Scope.READ))]
LabelCaller = Annotated[Caller, Depends(require(Scope.LABEL))]
DecideCaller = Annotated[Caller, Depends(require(Scope.DECIDE))]
IngestCaller = Annotated[Caller, Depends(require(Scope.INGEST))]
AdminCaller = Annotated[Caller, Depends(require(Scope.ADMIN))]


def find_guest(request: Request, settings: Settings) -> Caller | None:
    """Find out what somebody without a token may do: None is nothing."""
    if settings.auth is AuthMode.OPEN_READS:
        return GUEST
    if settings.auth is not AuthMode.OPEN_ON_LOOPBACK or not settings.on_loopback:
        return None
    if "x-forwarded-for" in request.headers or "forwarded" in request.headers:
        return None
    names = LOCAL_NAMES | set(settings.allowed_hosts)
    return LOCAL if request.url.hostname in names else None
