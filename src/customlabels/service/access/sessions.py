"""How people sign in: a password or a link that is good once, then a session that a browser's cookie names.

Of passwords only the Argon2 hash is stored, of links and sessions only a SHA-256: who reads the database gets in
nowhere.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION
from sqlalchemy import Connection, delete, insert, select

from customlabels.service.access.caller import Caller
from customlabels.service.access.users import AccessError, caller_of, find_user
from customlabels.store.database import Database, now
from customlabels.store.tables import accounts, passwords, sessions, sign_in_links, users

LINK_SECONDS = 7 * 24 * 3600
"""How long a link for signing in is good, unless it is used before."""
SESSION_SECONDS = 14 * 24 * 3600
SHORTEST, LONGEST = 8, 256
"""Characters of a password."""

_hasher = PasswordHasher()


def _unmatched() -> str:
    """A hash as `_hasher` makes them, of no known password. Costs nothing: it is drawn, not computed."""
    sizes = _hasher.salt_len, _hasher.hash_len
    salt, digest = (base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in sizes)
    costs = f"m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${costs}${salt}${digest}"


_NOBODY = _unmatched()
"""Checked where there is no such user or password, so that an answer takes as long as for one who is there."""


@dataclass(frozen=True)
class Session:
    """Who is signed in. `has_password` tells whether this user can sign in again without a link."""

    caller: Caller
    user_id: int
    has_password: bool


def make_link(database: Database, account: str, user: str, seconds: int = LINK_SECONDS) -> str:
    """A token with which a user signs in once. Raises AccessError."""
    token = secrets.token_urlsafe(24)
    with database.write() as connection:
        row = find_user(connection, account, user)
        connection.execute(delete(sign_in_links).where(sign_in_links.c.expires < now()))
        values = {"digest": _digest(token), "user_id": row.id, "expires": now() + 1000 * seconds}
        connection.execute(insert(sign_in_links), values)
    return token


def sign_in_address(endpoint: str, token: str) -> str:
    """The link that a token is sent as: after a `#`, so that no server or proxy writes it to its log."""
    return f"{endpoint}/console/sign-in#token={token}"


def has_password(database: Database, account: str, user: str) -> bool:
    """Whether a user of an account (its id) can sign in without a link."""
    query = select(passwords.c.user_id).join(users, users.c.id == passwords.c.user_id)
    with database.read() as connection:
        return connection.execute(query.where(users.c.account == account, users.c.name == user)).first() is not None


def open_by_link(database: Database, token: str) -> str | None:
    """Use a token up: the cookie of a new session, None where the token is not good (any more)."""
    with database.write() as connection:
        found = sign_in_links.c.digest == _digest(token)
        row = connection.execute(select(sign_in_links).where(found)).first()
        connection.execute(delete(sign_in_links).where(found))
        return None if row is None or row.expires < now() else _open(connection, row.user_id)


def open_by_password(database: Database, account: str, user: str, password: str) -> str | None:
    """The cookie of a new session of a user of an account (its name or id); None where they do not fit."""
    query = (
        select(users.c.id, passwords.c.hash)
        .join(accounts, accounts.c.id == users.c.account)
        .join(passwords, passwords.c.user_id == users.c.id)
        .where((accounts.c.name == account) | (accounts.c.id == account), users.c.name == user)
    )
    with database.read() as connection:
        row = connection.execute(query).first()
    try:
        _hasher.verify(row.hash if row else _NOBODY, password[:LONGEST])
    except (VerificationError, InvalidHashError):
        return None
    if row is None:
        return None
    with database.write() as connection:
        return _open(connection, row.id)


def set_password(database: Database, account: str, user: str, password: str, keeping: str = "") -> None:
    """Give a user a password, and end its sessions but the one of the cookie `keeping`. Raises AccessError."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise AccessError(f"A password has {SHORTEST} to {LONGEST} characters; this one has {len(password)}.")
    hashed = _hasher.hash(password)
    with database.write() as connection:
        row = find_user(connection, account, user)
        connection.execute(delete(passwords).where(passwords.c.user_id == row.id))
        connection.execute(insert(passwords), {"user_id": row.id, "hash": hashed, "changed": now()})
        others = (sessions.c.user_id == row.id) & (sessions.c.digest != _digest(keeping))
        connection.execute(delete(sessions).where(others))


def check_password(database: Database, session: Session, password: str) -> bool:
    """Whether this is the password of the one who is signed in."""
    with database.read() as connection:
        stored = connection.execute(select(passwords.c.hash).where(passwords.c.user_id == session.user_id)).scalar()
    try:
        return bool(_hasher.verify(stored or _NOBODY, password[:LONGEST])) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def find_session(database: Database, cookie: str) -> Session | None:
    """The session that a cookie names; None where it is over, or there is none."""
    with database.read() as connection:
        query = select(sessions).where(sessions.c.digest == _digest(cookie), sessions.c.expires > now())
        row = connection.execute(query).first()
        if row is None:
            return None
        known = connection.execute(select(passwords.c.user_id).where(passwords.c.user_id == row.user_id)).first()
        return Session(caller_of(connection, row.user_id), row.user_id, known is not None)


def end_session(database: Database, cookie: str) -> None:
    """Sign out."""
    with database.write() as connection:
        connection.execute(delete(sessions).where(sessions.c.digest == _digest(cookie)))


def end_sessions(database: Database, account: str, user: str) -> None:
    """Sign a user out everywhere, and void the links for signing in. Raises AccessError."""
    with database.write() as connection:
        row = find_user(connection, account, user)
        for table in (sessions, sign_in_links):
            connection.execute(delete(table).where(table.c.user_id == row.id))


def _open(connection: Connection, user_id: int) -> str:
    cookie = secrets.token_urlsafe(32)
    connection.execute(delete(sessions).where(sessions.c.expires < now()))
    values = {
        "digest": _digest(cookie),
        "user_id": user_id,
        "created": now(),
        "expires": now() + 1000 * SESSION_SECONDS,
    }
    connection.execute(insert(sessions), values)
    return cookie


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
