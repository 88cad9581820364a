"""What can be wrong with a question, and the one place that gives each its HTTP code."""

from collections.abc import Sequence


class ServiceError(Exception):
    """A question that cannot be answered; `code` is for programs, the message for people."""

    status = 500
    code = "internal"

    def __init__(self, message: str, details: Sequence[dict[str, object]] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.details = tuple(details)


class NotFoundError(ServiceError):
    """What was asked for does not exist."""

    status = 404
    code = "not_found"


class InvalidError(ServiceError):
    """The question contradicts itself or what is known."""

    status = 422
    code = "invalid"


class BlobsMissingError(ServiceError):
    """Squares name pictures that have not been sent; `details` lists them."""

    status = 409
    code = "blobs_missing"


class ConflictError(ServiceError):
    """The question does not fit the present state."""

    status = 409
    code = "conflict"


class NoTokenError(ServiceError):
    """The question needs a token, and none (or an unknown one) came with it."""

    status = 401
    code = "no_token"


class ForbiddenError(ServiceError):
    """The token, or the page's origin, does not allow the question."""

    status = 403
    code = "forbidden"
