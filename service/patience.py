"""Wait out what is no job's fault: a database that is away, a full disk, a share that is gone."""

import errno
import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

Result = TypeVar("Result")

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 15.0

PASSING_ERRORS = frozenset(
    {
        errno.EDQUOT,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.EIO,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENODEV,
        errno.ENOMEM,
        errno.ENOSPC,
        errno.ENOTCONN,
        errno.EROFS,
        errno.ESTALE,
        errno.ETIMEDOUT,
    }
)
"""What a file system says when it, and not the file, is the trouble."""

log = structlog.get_logger()


def is_passing(error: BaseException) -> bool:
    """Tell whether an error lies in the machine's present state, so that trying again may help."""
    if isinstance(error, (OperationalError, InterfaceError)):
        return True
    if isinstance(error, DBAPIError):
        return error.connection_invalidated
    return isinstance(error, OSError) and error.errno in PASSING_ERRORS


def patiently(
    what: str, act: Callable[[], Result], *, pause: Callable[[float], object] = time.sleep
) -> Result:
    """Do something, again and again while only the machine's state keeps it from being done.

    Args:
        what: for the log.
        act: is safe to repeat.
        pause: waits between two attempts, so many seconds.

    Raises:
        DBAPIError: as `act` does, if the trouble lies in the thing itself.
        OSError: likewise.
    """
    wait_s = FIRST_WAIT_S
    while True:
        try:
            return act()
        except (DBAPIError, OSError) as error:
            if not is_passing(error):
                raise
            log.warning("waiting for better times", what=what, reason=_reason(error))
        pause(wait_s)
        wait_s = min(2 * wait_s, LONGEST_WAIT_S)


def _reason(error: DBAPIError | OSError) -> str:
    return str(error.orig if isinstance(error, DBAPIError) else error).strip()
