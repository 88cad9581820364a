"""Routes for machines that look after the service: is it up, is it ready, how does it do."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from service.access import ReadCaller
from service.database import find_missing_migration
from service.web import Parts, PartsDep

router = APIRouter(tags=["health"])


@router.get("/healthz")
def tell_health() -> dict[str, str]:
    """Tell that the process is up."""
    return {"status": "ok"}


@router.get("/readyz")
def tell_readiness(parts: PartsDep) -> JSONResponse:
    """Tell whether the service can work; if not, 503 and what is missing."""
    missing = list_missing(parts)
    status = "not ready" if missing else "ready"
    return JSONResponse({"status": status, "missing": missing}, status_code=503 if missing else 200)


@router.get("/metrics", response_class=Response)
def tell_metrics(request: Request, _: ReadCaller) -> Response:
    """Tell numbers in Prometheus' format."""
    return Response(generate_latest(request.app.state.registry), media_type=CONTENT_TYPE_LATEST)


def list_missing(parts: Parts) -> list[str]:
    """List what keeps the service from working."""
    try:
        migration = find_missing_migration(parts.database.engine)
    except SQLAlchemyError as error:
        return [f"database does not answer: {type(error).__name__}"]
    return [] if migration is None else [migration]
