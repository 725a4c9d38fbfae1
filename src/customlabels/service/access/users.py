"""Accounts, their users, and what those may do."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select
from sqlalchemy.exc import IntegrityError

from customlabels.service.access.caller import Caller
from customlabels.service.access.policies import PRESETS, parse
from customlabels.store.database import Database, now
from customlabels.store.tables import (
    access_keys,
    accounts,
    passwords,
    sessions,
    sign_in_links,
    user_policies,
    users,
)

ADMINISTRATOR = "administrator"
_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)


class AccessError(ValueError):
    """A user, key, account or policy that is not there, is there already, or cannot be; the text says which."""


def add_account(database: Database, name: str) -> str:
    """A new account; returns its id of 12 digits. Raises AccessError."""
    _check_name("account", name)
    account = str(10**11 + secrets.randbelow(9 * 10**11))
    try:
        with database.write() as connection:
            connection.execute(insert(accounts), {"id": account, "name": name, "created": now()})
    except IntegrityError as error:
        raise AccessError(f"There is an account {name!r} already.") from error
    return account


def list_accounts(database: Database) -> Sequence[Row[Any]]:
    """Rows of `accounts`, oldest first."""
    with database.read() as connection:
        return connection.execute(select(accounts).order_by(accounts.c.created, accounts.c.id)).all()


def find_account(connection: Connection, name: str) -> str:
    """The id of an account, given its name or its id. Raises AccessError."""
    found = connection.execute(
        select(accounts.c.id).where((accounts.c.name == name) | (accounts.c.id == name))
    ).scalar()
    if found is None:
        raise AccessError(f"There is no account {name!r}; `customlabels accounts list` names those there are.")
    return str(found)


def add_user(database: Database, account: str, name: str, policies: Sequence[str] = ()) -> None:
    """A new user of an account (its name or id), with presets. Raises AccessError."""
    _check_name("user", name)
    for policy in policies:
        _preset(policy)
    try:
        with database.write() as connection:
            values = {"account": find_account(connection, account), "name": name, "created": now()}
            key = connection.execute(insert(users), values).inserted_primary_key
            assert key is not None
            for policy in policies:
                row = {"user_id": key[0], "name": policy, "document": PRESETS[policy]}
                connection.execute(insert(user_policies), row)
    except IntegrityError as error:
        raise AccessError(f"There is a user {name!r} already.") from error


def list_users(database: Database, account: str) -> list[tuple[str, list[str]]]:
    """The users of an account (its name or id) with the names of their policies, by name. Raises AccessError."""
    with database.read() as connection:
        rows = connection.execute(
            select(users.c.name, user_policies.c.name.label("policy"))
            .join(user_policies, user_policies.c.user_id == users.c.id, isouter=True)
            .where(users.c.account == find_account(connection, account))
            .order_by(users.c.name, user_policies.c.name)
        ).all()
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.name, []).extend([row.policy] if row.policy else [])
    return list(found.items())


def remove_user(database: Database, account: str, name: str) -> None:
    """Remove a user with all keys. Raises AccessError, also for the last one who may do everything."""
    with database.write() as connection:
        user = find_user(connection, account, name)
        others = select(user_policies.c.user_id).where(
            user_policies.c.name == "Administrator",
            user_policies.c.user_id.in_(select(users.c.id).where(users.c.account == user.account)),
        )
        administrators = {row.user_id for row in connection.execute(others)}
        if administrators == {user.id}:
            raise AccessError(f"{name} is the account's last administrator: make another one first.")
        for table in (access_keys, user_policies, passwords, sign_in_links, sessions):
            connection.execute(delete(table).where(table.c.user_id == user.id))
        connection.execute(delete(users).where(users.c.id == user.id))


def find_user(connection: Connection, account: str, name: str) -> Row[Any]:
    """The row of a user of an account (its name or id). Raises AccessError."""
    account = find_account(connection, account)
    row = connection.execute(select(users).where(users.c.account == account, users.c.name == name)).first()
    if row is None:
        raise AccessError(f"There is no user {name!r}; `customlabels users list` names those there are.")
    return row


def caller_of(connection: Connection, user_id: int, key: str = "") -> Caller:
    """The user as one who calls, with the rights of all its policies; `key` is what the request was signed with."""
    user = connection.execute(select(users).where(users.c.id == user_id)).one()
    documents = select(user_policies.c.document).where(user_policies.c.user_id == user_id)
    statements = tuple(statement for policy in connection.execute(documents).scalars() for statement in parse(policy))
    return Caller(user.account, user.name, statements, key)


def policies_of(connection: Connection, user_id: int) -> dict[str, Any]:
    """The policies of a user: name to document."""
    rows = connection.execute(
        select(user_policies).where(user_policies.c.user_id == user_id).order_by(user_policies.c.name)
    )
    return {row.name: row.document for row in rows}


def attach(database: Database, account: str, user: str, name: str, document: Any = None) -> None:
    """Give a user a policy: a preset by its name, or a `document` under a name of its own.

    A policy of that name is replaced. Raises AccessError, PolicyError.
    """
    if document is None:
        document = _preset(name)
    elif name in PRESETS:
        raise AccessError(f"{name} is the name of a preset; give the policy another one.")
    parse(document)
    with database.write() as connection:
        row = find_user(connection, account, user)
        known = (user_policies.c.user_id == row.id) & (user_policies.c.name == name)
        connection.execute(delete(user_policies).where(known))
        connection.execute(insert(user_policies), {"user_id": row.id, "name": name, "document": document})


def detach(database: Database, account: str, user: str, name: str) -> None:
    """Take a policy from a user. Raises AccessError."""
    with database.write() as connection:
        row = find_user(connection, account, user)
        known = (user_policies.c.user_id == row.id) & (user_policies.c.name == name)
        if connection.execute(delete(user_policies).where(known)).rowcount == 0:
            raise AccessError(f"{user} has no policy {name!r}.")


def _preset(name: str) -> dict[str, Any]:
    if name not in PRESETS:
        raise AccessError(f"There is no preset {name!r}; there are {', '.join(PRESETS)}.")
    return PRESETS[name]


def _check_name(kind: str, name: str) -> None:
    if _NAME.fullmatch(name) is None:
        raise AccessError(f"The {kind} name {name[:80]!r} must have 1 to 64 of A-Z a-z 0-9 _ + = , . @ -")
