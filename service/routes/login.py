"""Routes that let a browser keep a token, because pictures cannot be asked for with a header."""

from fastapi import APIRouter, Request, Response
from pydantic import Field

from service.access import COOKIE, check_same_origin, identify
from service.queries.changes import add_event
from service.schemas import Answer
from service.web import PartsDep

router = APIRouter(tags=["login"])


class LoginRequest(Answer):
    """A token to be kept by the browser."""

    token: str = Field(min_length=1, max_length=200)


class LoginAnswer(Answer):
    """Whose token it is, and what it allows."""

    name: str
    scopes: list[str]


@router.post("/login")
def log_in(
    asked: LoginRequest, request: Request, response: Response, parts: PartsDep
) -> LoginAnswer:
    """Keep a token in a cookie that scripts cannot read and other sites cannot use."""
    check_same_origin(request)
    caller = identify(parts, asked.token)
    with parts.database.write() as db:
        add_event(db, "token.login", actor=caller.name)
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, asked.token, httponly=True, samesite="strict", secure=secure)
    return LoginAnswer(name=caller.name, scopes=sorted(scope.value for scope in caller.scopes))


@router.post("/logout", status_code=204)
def log_out(request: Request, response: Response) -> None:
    """Forget the token."""
    check_same_origin(request)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
