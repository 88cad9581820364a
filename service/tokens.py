"""Bearer tokens: made, shown once, stored as a hash, asked for their scopes, revoked."""

from collections.abc import Collection, Sequence
from enum import StrEnum
from hashlib import sha256
from secrets import token_urlsafe

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.errors import NotFoundError
from service.queries.changes import add_event
from service.tables import TokenRow, utc_now

_SCOPES = sa.select(TokenRow.scopes).where(
    TokenRow.sha256 == sa.bindparam("sha256"), TokenRow.revoked_at.is_(None)
)

PREFIX = "xcn_"
"""How every token begins, so that a leaked one can be searched for."""


class Scope(StrEnum):
    """What a token allows; `admin` allows everything."""

    READ = "read"
    LABEL = "label"
    DECIDE = "decide"
    INGEST = "ingest"
    ADMIN = "admin"


def create_token(db: Session, name: str, scopes: Collection[Scope]) -> str:
    """Make a token.

    Args:
        db: a writing transaction.
        name: who it is for; it appears as the actor in the events.
        scopes: what it allows.

    Returns:
        The token in plain text, which cannot be had again.

    Raises:
        ValueError: if there is no scope.
    """
    if not scopes:
        raise ValueError("a token needs at least one scope")
    plain = PREFIX + token_urlsafe(32)
    names = sorted(scope.value for scope in scopes)
    db.add(TokenRow(name=name, sha256=_hash(plain), scopes=names))
    add_event(db, "token.create", actor="command line", detail={"name": name, "scopes": names})
    return plain


def find_token(db: Session, plain: str) -> TokenRow | None:
    """Find a token that has not been revoked."""
    return db.scalars(
        sa.select(TokenRow).where(TokenRow.sha256 == _hash(plain), TokenRow.revoked_at.is_(None))
    ).one_or_none()


def find_scopes(connection: sa.Connection, plain: str) -> Sequence[str]:
    """Find what a token allows, by one short question: nothing when it is unknown or revoked."""
    return connection.scalar(_SCOPES, {"sha256": _hash(plain)}) or ()


def list_tokens(db: Session) -> Sequence[TokenRow]:
    """List all tokens, revoked ones included."""
    return db.scalars(sa.select(TokenRow).order_by(TokenRow.created_at, TokenRow.id)).all()


def revoke_token(db: Session, name: str) -> int:
    """Revoke all tokens of a name.

    Returns:
        How many there were.

    Raises:
        NotFoundError: if there was none.
    """
    rows = db.scalars(
        sa.select(TokenRow).where(TokenRow.name == name, TokenRow.revoked_at.is_(None))
    ).all()
    if not rows:
        raise NotFoundError(f"no token named {name!r}")
    for row in rows:
        row.revoked_at = utc_now()
    add_event(db, "token.revoke", actor="command line", detail={"name": name})
    return len(rows)


def _hash(plain: str) -> str:
    """Hash a token: 256 random bits need no salt and no slow hash."""
    return sha256(plain.encode()).hexdigest()
