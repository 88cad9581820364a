"""Errors become answers here, and nowhere else: detail, code and errors with an HTTP code."""

from collections.abc import Sequence

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from service.errors import InvalidError, NoTokenError, ServiceError
from service.patience import is_passing
from service.schemas import ErrorAnswer

CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "media_type"}
UNREADABLE = 400
"""FastAPI's code for a body that is not even text; to our callers it is as invalid as any other."""

log = structlog.get_logger()

SHOWN = 3
"""How many wrong rows the sentence names; `errors` has them all."""


def add_failures(app: FastAPI) -> None:
    """Give an application its answers to errors."""
    app.add_exception_handler(ServiceError, _service_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(OperationalError, _database_away)
    app.add_exception_handler(PoolTimeoutError, _crowded)
    app.add_exception_handler(OSError, _storage_away)
    app.add_exception_handler(DataError, _not_storable)
    app.add_exception_handler(OverflowError, _not_storable)
    app.add_exception_handler(Exception, _unexpected)


def _service_error(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, ServiceError):
        raise error
    headers = {"WWW-Authenticate": "Bearer"} if isinstance(error, NoTokenError) else None
    return _answer(error.status, error.message, error.code, error.details, headers)


def _invalid(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    wrong = [_place(item["loc"]) | {"message": item["msg"]} for item in error.errors()]
    sentences = [f"{_name(item)}: {item['message']}" for item in wrong[:SHOWN]]
    more = f"; and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
    return _answer(InvalidError.status, "; ".join(sentences) + more, InvalidError.code, wrong)


def _http_error(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == UNREADABLE:
        return _answer(InvalidError.status, str(error.detail), InvalidError.code)
    code = CODES.get(error.status_code, "http_error")
    return _answer(error.status_code, str(error.detail), code, (), error.headers)


def _database_away(_: Request, error: Exception) -> JSONResponse:
    reason = error.orig if isinstance(error, DBAPIError) else error
    detail = f"database: {str(reason).strip()}"
    return _answer(503, detail, "database_away", (), {"Retry-After": "2"})


def _crowded(_: Request, __: Exception) -> JSONResponse:
    detail = "database: all connections are in use"
    return _answer(503, detail, "database_away", (), {"Retry-After": "2"})


def _not_storable(_: Request, error: Exception) -> JSONResponse:
    """Refuse what no column holds: a number beyond 64 bits, a NUL in a text."""
    reason = error.orig if isinstance(error, DBAPIError) else error
    detail = f"a value cannot be stored or looked for: {str(reason).splitlines()[0]}"
    return _answer(InvalidError.status, detail, InvalidError.code)


def _storage_away(request: Request, error: Exception) -> JSONResponse:
    if not is_passing(error):
        return _unexpected(request, error)
    log.error("storage does not work", reason=str(error))
    detail = "pictures cannot be stored or read now; the service's log has the details"
    return _answer(503, detail, "storage_away", (), {"Retry-After": "5"})


def _unexpected(_: Request, __: Exception) -> JSONResponse:
    return _answer(500, "unexpected error; the service's log has the details", "internal", ())


def _answer(
    status: int,
    detail: str,
    code: str,
    errors: Sequence[dict[str, object]] = (),
    headers: object = None,
) -> JSONResponse:
    body = ErrorAnswer(detail=detail, code=code, errors=list(errors))
    given = dict(headers) if isinstance(headers, dict) else None
    return JSONResponse(body.model_dump(mode="json"), status_code=status, headers=given)


def _place(loc: Sequence[object]) -> dict[str, object]:
    """Name what is wrong: the row of a list, and the field."""
    parts = list(loc[1:] if loc and loc[0] in ("body", "query", "path") else loc)
    row = parts.pop(0) if parts and isinstance(parts[0], int) else None
    return {"row": row, "field": ".".join(map(str, parts)) or None}


def _name(item: dict[str, object]) -> str:
    row = None if item["row"] is None else f"row {item['row']}"
    return ", ".join(str(part) for part in (row, item["field"]) if part is not None) or "body"
