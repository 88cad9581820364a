"""The web application: parts in, FastAPI out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.routing import APIRoute
from prometheus_client import CollectorRegistry

from service.blobs import BlobStore
from service.database import Database
from service.failures import add_failures
from service.gauges import DatabaseGauges
from service.job_queue import JobQueue
from service.limits import LimitRate
from service.observe import LimitBody, Observe
from service.quick_lists import QuickLists
from service.routes import (
    activity,
    audit,
    exports,
    grids,
    health,
    ingest,
    jobs,
    login,
    page,
    reviews,
    squares,
)
from service.schemas import ErrorAnswer
from service.settings import Settings
from service.web import Parts

API = "/api/v1"
ERRORS: dict[int | str, dict[str, object]] = {
    code: {"model": ErrorAnswer} for code in (401, 403, 404, 409, 413, 422, 429, 503)
}


def get_app(settings: Settings, *, queue: JobQueue) -> FastAPI:
    """Make the web application.

    Args:
        settings: of this process.
        queue: where scoring is asked for.
    """
    database = Database(settings.url)
    registry = CollectorRegistry()
    app = FastAPI(
        title="XCryoNet screening",
        description="Ranked grid squares while the atlas is being acquired.",
        version="1",
        docs_url=None,
        redoc_url=None,
        lifespan=_close_database,
        generate_unique_id_function=_operation_id,
    )
    blobs = BlobStore(settings.blob_dir, settings.blob_row_bytes)
    parts = app.state.parts = Parts(settings, database, blobs, queue)
    app.state.registry = registry
    registry.register(DatabaseGauges(database))
    app.add_middleware(QuickLists, parts=parts)
    app.add_middleware(LimitBody, largest=settings.max_request_bytes)
    app.add_middleware(LimitRate, per_s=settings.max_requests_per_s)
    app.add_middleware(Observe, registry=registry)
    add_failures(app)
    _add_routes(app)
    return app


def _add_routes(app: FastAPI) -> None:
    for module in (grids, squares, reviews, ingest, exports, activity, jobs, audit, login):
        app.include_router(module.router, prefix=API, responses=ERRORS)
    app.include_router(health.router)
    app.include_router(page.router)
    app.mount("/static", page.static_files(), name="static")


@asynccontextmanager
async def _close_database(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.parts.database.close()


def _operation_id(route: APIRoute) -> str:
    return route.name
