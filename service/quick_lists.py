"""Ranked lists that are kept, and news that there is none, answered before the whole application.

Pages and programs ask for the same list again and again. What can be said by one question to the
database and what is kept is said here, at a fraction of the cost; all else, every refusal and every
error included, is left to the route.

A SQLite file is asked on the loop itself: that takes a tenth of a millisecond, while each change
to another thread and back waits for those that take in squares. A server is asked in a thread.
"""

import re
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from service.access import may_read
from service.queries.squares import find_revision
from service.web import Parts, answer_bytes, answer_unchanged, is_known, list_key, list_tag

ROUTE = "/api/v1/grids/{grid_id}/squares"
_PATH = re.compile(r"/api/v1/grids/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/squares")


class QuickLists:
    """Middleware: answers a ranked list that is kept, or that has not changed."""

    def __init__(self, app: ASGIApp, parts: Parts) -> None:
        self.app = app
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        found = _PATH.fullmatch(scope["path"]) if scope.get("method") == "GET" else None
        if found is None:
            await self.app(scope, receive, send)
            return
        answer, grid_id = None, UUID(found[1])
        if self._parts.looks.is_looked_at(grid_id):
            answer = await self._ask_where_it_is_soonest(Request(scope), grid_id)
        if answer is not None:
            scope["path_params"], scope["route"] = {"grid_id": found[1]}, ROUTE
        await (answer or self.app)(scope, receive, send)

    async def _ask_where_it_is_soonest(self, request: Request, grid_id: UUID) -> Response | None:
        if self._parts.database.is_file:
            return self._ask(request, grid_id)
        return await run_in_threadpool(self._ask, request, grid_id)

    def _ask(self, request: Request, grid_id: UUID) -> Response | None:
        try:
            with self._parts.database.glance() as connection:
                return self._find_answer(request, grid_id, connection)
        except SQLAlchemyError:  # the route meets it again, and says so
            return None

    def _find_answer(
        self, request: Request, grid_id: UUID, connection: sa.Connection
    ) -> Response | None:
        """Find what is kept for a caller who may have it."""
        parts = self._parts
        if not may_read(request, connection, parts.settings):
            return None
        revision = find_revision(connection, grid_id)
        if revision is None:
            return None
        query = request.url.query
        tag = list_tag(revision, query)
        kept = parts.lists.find(list_key(grid_id, query), tag)
        if kept is None:
            return None
        parts.looks.note(grid_id)
        return answer_unchanged(tag) if is_known(request, tag) else answer_bytes(kept, tag)
