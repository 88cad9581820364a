"""`xcryonet token`: make, list and revoke access tokens."""

import argparse
import json

from service.commands.errors import CommandError
from service.commands.options import add_database_arguments, open_database, read_settings, say
from service.database import Database
from service.errors import NotFoundError
from service.tables import TokenRow
from service.tokens import Scope, create_token, list_tokens, revoke_token

LONGEST_NAME = 128
"""Of a token, in characters: the database holds no longer one."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    create = actions.add_parser("create", help="make a token; it is shown once")
    create.add_argument("name", type=_name, help="who it is for")
    create.add_argument(
        "--scopes",
        nargs="+",
        type=_scope,
        default=[Scope.READ],
        metavar="SCOPE",
        help=f"what it allows: {', '.join(Scope)} (default read)",
    )
    listing = actions.add_parser("list", help="list the tokens; their text is not kept")
    listing.add_argument("--json", action="store_true", help="for programs")
    revoke = actions.add_parser("revoke", help="make the tokens of a name useless")
    revoke.add_argument("name")
    for action in (create, listing, revoke):
        add_database_arguments(action)


def _name(text: str) -> str:
    """Read a token's name.

    Raises:
        argparse.ArgumentTypeError: if there is nothing to read, or more than the database holds.
    """
    if not text.strip() or len(text) > LONGEST_NAME:
        message = f"expected 1 to {LONGEST_NAME} characters, found {text!r}"
        raise argparse.ArgumentTypeError(message)
    return text


def _scope(name: str) -> Scope:
    """Read a scope's name.

    Raises:
        argparse.ArgumentTypeError: naming those that there are.
    """
    try:
        return Scope(name)
    except ValueError as error:
        message = f"expected scopes among {', '.join(Scope)}, found {name}"
        raise argparse.ArgumentTypeError(message) from error


def run(args: argparse.Namespace) -> int:
    """Do what was asked with the tokens.

    Raises:
        CommandError: if there is no token of that name to revoke.
    """
    database = open_database(read_settings(args))
    try:
        if args.action == "create":
            _create(database, args.name, args.scopes)
        elif args.action == "list":
            _list(database, json_wanted=args.json)
        else:
            _revoke(database, args.name)
    except NotFoundError as error:
        raise CommandError(error.message) from error
    finally:
        database.close()
    return 0


def _create(database: Database, name: str, scopes: list[Scope]) -> None:
    with database.write() as session:
        plain = create_token(session, name, scopes)
    say(plain)


def _list(database: Database, *, json_wanted: bool) -> None:
    with database.read() as session:
        rows = list_tokens(session)
    if json_wanted:
        say(json.dumps([_as_json(row) for row in rows], indent=2))
        return
    for row in rows:
        state = f"revoked {row.revoked_at:%Y-%m-%d %H:%M}" if row.revoked_at else "valid"
        say(f"{row.name:24} {' '.join(row.scopes):24} {row.created_at:%Y-%m-%d %H:%M}  {state}")


def _revoke(database: Database, name: str) -> None:
    with database.write() as session:
        number = revoke_token(session, name)
    say(f"revoked {number} token{'s' if number > 1 else ''} of {name}")


def _as_json(row: TokenRow) -> dict[str, object]:
    return {
        "id": str(row.id),
        "name": row.name,
        "scopes": row.scopes,
        "created_at": row.created_at.isoformat(),
        "revoked_at": row.revoked_at.isoformat() if row.revoked_at else None,
    }
