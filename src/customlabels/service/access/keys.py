"""Access keys: what signs requests, and the caller that a key stands for."""

from __future__ import annotations

import re
import secrets
import string
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from customlabels.service.access.caller import Caller
from customlabels.service.access.users import ADMINISTRATOR, AccessError, add_user, caller_of, find_user
from customlabels.store.database import Database, now
from customlabels.store.tables import access_keys, user_policies, users

KNOWN_SECONDS = 1.0
"""How long a key that was looked up is believed in: so soon a disabled key stops working."""
_ID = re.compile(r"[A-Z0-9]{16,128}")
_ALPHABET = string.ascii_uppercase + "234567"


@dataclass(frozen=True)
class Key:
    """An access key with its secret."""

    id: str
    secret: str


def create_key(database: Database, account: str, user: str) -> Key:
    """A new key of a user. Raises AccessError."""
    with database.write() as connection:
        return _insert(connection, find_user(connection, account, user).id)


def list_keys(database: Database, account: str, user: str) -> Sequence[Row[Any]]:
    """Rows of `access_keys` of a user, oldest first. Raises AccessError."""
    with database.read() as connection:
        mine = access_keys.c.user_id == find_user(connection, account, user).id
        query = select(access_keys).where(mine).order_by(access_keys.c.created, access_keys.c.id)
        return connection.execute(query).all()


def disable_key(database: Database, key_id: str) -> None:
    """Refuse requests that this key signs, from KNOWN_SECONDS on. Raises AccessError."""
    with database.write() as connection:
        changed = update(access_keys).where(access_keys.c.id == key_id).values(enabled=False)
        if connection.execute(changed).rowcount == 0:
            raise AccessError(f"There is no access key {key_id!r}.")


def rotate_keys(database: Database, account: str, user: str) -> Key:
    """A new key of a user, in the same moment in which all the others are disabled. Raises AccessError."""
    with database.write() as connection:
        row = find_user(connection, account, user)
        connection.execute(update(access_keys).where(access_keys.c.user_id == row.id).values(enabled=False))
        return _insert(connection, row.id)


def first_key(database: Database, account: str) -> Key | None:
    """Make the administrator of an account without users, and a key; None where there are users."""
    with database.read() as connection:
        if connection.execute(select(users.c.id).where(users.c.account == account).limit(1)).first():
            return None
    try:
        add_user(database, account, ADMINISTRATOR, ["Administrator"])
    except AccessError:  # another process was quicker
        return None
    return create_key(database, account, ADMINISTRATOR)


def administrator_key(database: Database, account: str) -> Key | None:
    """The newest enabled key of one who may do everything in an account."""
    query = (
        select(access_keys.c.id, access_keys.c.secret)
        .join(users, users.c.id == access_keys.c.user_id)
        .join(user_policies, user_policies.c.user_id == users.c.id)
        .where(users.c.account == account, access_keys.c.enabled, user_policies.c.name == "Administrator")
        .order_by(access_keys.c.created.desc(), access_keys.c.id)
    )
    with database.read() as connection:
        row = connection.execute(query.limit(1)).first()
    return None if row is None else Key(row.id, row.secret)


@dataclass(frozen=True)
class Holder:
    """Who has a key: the secret to check signatures with, and the caller."""

    secret: str
    caller: Caller


class KeyRing:
    """Looks keys up, and remembers them for KNOWN_SECONDS. Safe for threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, Holder]] = {}

    def find(self, key_id: str) -> Holder | None:
        """The holder of an enabled key; None where there is no such key."""
        if _ID.fullmatch(key_id) is None:
            return None
        at = monotonic()
        with self._lock:
            known = self._known.get(key_id)
        if known is not None and at - known[0] < KNOWN_SECONDS:
            return known[1]
        holder = self._look_up(key_id)
        with self._lock:
            if holder is None:
                self._known.pop(key_id, None)
            else:
                self._known[key_id] = (at, holder)
        return holder

    def _look_up(self, key_id: str) -> Holder | None:
        query = (
            select(access_keys.c.secret, users.c.id)
            .join(users, users.c.id == access_keys.c.user_id)
            .where(access_keys.c.id == key_id, access_keys.c.enabled)
        )
        with self._database.read() as connection:
            row = connection.execute(query).first()
            if row is None:
                return None
            return Holder(row.secret, caller_of(connection, row.id, key_id))


def _insert(connection: Connection, user_id: int) -> Key:
    key = Key("AKIA" + "".join(secrets.choice(_ALPHABET) for _ in range(16)), secrets.token_urlsafe(30))
    values = {"id": key.id, "user_id": user_id, "secret": key.secret, "enabled": True, "created": now()}
    connection.execute(insert(access_keys), values)
    return key
