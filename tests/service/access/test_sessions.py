"""Signing in: links that are good once, passwords, and the sessions that they open."""

from __future__ import annotations

import threading

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from customlabels.service.access import sessions, users
from customlabels.service.access.sessions import Session
from customlabels.service.access.users import AccessError
from customlabels.service.service import Service
from customlabels.store import database
from customlabels.store.tables import passwords, sign_in_links
from customlabels.store.tables import sessions as session_rows

PASSWORD = "correct horse"


@pytest.fixture
def anna(service: Service) -> str:
    """A user of the first account; returns the cookie of a session."""
    users.add_user(service.database, service.account, "anna", ["ReadOnly"])
    cookie = sessions.open_by_link(service.database, sessions.make_link(service.database, service.account, "anna"))
    assert cookie is not None
    return cookie


def found(service: Service, cookie: str | None) -> Session | None:
    return sessions.find_session(service.database, cookie or "")


def by_password(service: Service, password: str = PASSWORD, account: str = "", user: str = "anna") -> str | None:
    return sessions.open_by_password(service.database, account or service.account, user, password)


def test_a_link_opens_a_session_once(service: Service, anna: str) -> None:
    session = found(service, anna)
    assert session is not None
    assert (session.caller.account, session.caller.name) == (service.account, "anna")
    assert session.caller.may("rekognition:DescribeProjects", "*")
    assert not session.caller.may("rekognition:CreateProject", "*")
    token = sessions.make_link(service.database, service.account, "anna")
    assert sessions.open_by_link(service.database, token) is not None
    for again in (token, "", "x", "é" * 200):
        assert sessions.open_by_link(service.database, again) is None


def test_a_link_that_is_opened_by_many_at_once_opens_one_session(service: Service, anna: str) -> None:
    token, opened = sessions.make_link(service.database, service.account, "anna"), list[str | None]()
    ready = threading.Barrier(4)

    def run() -> None:
        ready.wait()
        opened.append(sessions.open_by_link(service.database, token))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(cookie is not None for cookie in opened) == 1


def test_what_is_too_old_is_over(service: Service, anna: str, monkeypatch: pytest.MonkeyPatch) -> None:
    token = sessions.make_link(service.database, service.account, "anna", seconds=60)
    at = database.now()
    monkeypatch.setattr(sessions, "now", lambda: at + 61_000)
    assert sessions.open_by_link(service.database, token) is None
    assert found(service, anna)
    monkeypatch.setattr(sessions, "now", lambda: at + 1000 * sessions.SESSION_SECONDS + 5000)
    assert found(service, anna) is None


def test_a_password_opens_a_session(service: Service, anna: str) -> None:
    assert by_password(service) is None  # there is none yet
    assert not sessions.has_password(service.database, service.account, "anna")
    sessions.set_password(service.database, service.account, "anna", PASSWORD)
    assert sessions.has_password(service.database, service.account, "anna")
    for account in (service.account, "default"):
        session = found(service, by_password(service, account=account))
        assert session is not None
        assert session.has_password
        assert sessions.check_password(service.database, session, PASSWORD)
        assert not sessions.check_password(service.database, session, "wrong horse")
    for given in (
        {"password": "wrong horse"},
        {"password": ""},
        {"user": "nobody"},
        {"account": "nowhere"},
        {"password": PASSWORD.upper()},
        {"password": "x" * 100_000},
    ):
        assert by_password(service, **given) is None


def test_a_name_that_does_not_exist_takes_the_same_work(
    service: Service, anna: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the time of an answer would tell who has an account, and who a password."""
    users.add_user(service.database, service.account, "otto")
    sessions.set_password(service.database, service.account, "otto", PASSWORD)
    checked = []

    class Hasher:
        def verify(self, hash: str, password: str) -> bool:
            checked.append(hash)
            return PasswordHasher().verify(hash, password)

    monkeypatch.setattr(sessions, "_hasher", Hasher())
    for given in ({"user": "otto"}, {"user": "anna"}, {"user": "nobody"}, {"account": "nowhere"}):
        assert by_password(service, **{"password": "wrong horse", **given}) is None
    assert len(checked) == 4
    assert len({tuple(hash.split("$")[:4]) for hash in checked}) == 1  # the kind, its version and what it costs
    assert len({len(hash) for hash in checked}) == 1


@pytest.mark.parametrize("password", ["", "seven77", "x" * 257])
def test_a_password_has_a_fitting_length(service: Service, anna: str, password: str) -> None:
    with pytest.raises(AccessError, match=f"8 to 256 characters; this one has {len(password)}"):
        sessions.set_password(service.database, service.account, "anna", password)
    assert not sessions.has_password(service.database, service.account, "anna")


def test_a_new_password_ends_all_sessions_but_ones_own(service: Service, anna: str) -> None:
    sessions.set_password(service.database, service.account, "anna", PASSWORD, keeping=anna)
    other = by_password(service)
    assert found(service, anna)
    assert found(service, other)
    sessions.set_password(service.database, service.account, "anna", "another horse", keeping=anna)
    assert found(service, anna)
    assert found(service, other) is None
    assert by_password(service) is None
    assert by_password(service, "another horse")


def test_signing_out_ends_a_session_or_all(service: Service, anna: str) -> None:
    second = sessions.open_by_link(service.database, sessions.make_link(service.database, service.account, "anna"))
    sessions.end_session(service.database, anna)
    assert found(service, anna) is None
    assert found(service, second)
    link = sessions.make_link(service.database, service.account, "anna")
    sessions.end_sessions(service.database, service.account, "anna")
    assert found(service, second) is None
    assert sessions.open_by_link(service.database, link) is None
    sessions.end_session(service.database, "no cookie")


def test_a_user_who_is_removed_is_signed_out(service: Service, anna: str) -> None:
    link = sessions.make_link(service.database, service.account, "anna")
    sessions.set_password(service.database, service.account, "anna", PASSWORD)
    users.remove_user(service.database, service.account, "anna")
    assert found(service, anna) is None
    assert by_password(service) is None
    assert sessions.open_by_link(service.database, link) is None
    with pytest.raises(AccessError, match="no user 'anna'"):
        sessions.make_link(service.database, service.account, "anna")


def test_rights_are_those_of_now(service: Service, anna: str) -> None:
    users.detach(service.database, service.account, "anna", "ReadOnly")
    session = found(service, anna)
    assert session is not None
    assert not session.caller.may("rekognition:DescribeProjects", "*")


def test_who_reads_the_database_cannot_sign_in(service: Service, anna: str) -> None:
    link = sessions.make_link(service.database, service.account, "anna")
    sessions.set_password(service.database, service.account, "anna", PASSWORD, keeping=anna)
    with service.database.read() as connection:
        text = str([connection.execute(select(table)).all() for table in (passwords, sign_in_links, session_rows)])
    assert "$argon2id$" in text
    for secret in (link, anna, PASSWORD):
        assert secret not in text


def test_a_link_keeps_its_token_out_of_logs() -> None:
    assert sessions.sign_in_address("http://here:1", "abc") == "http://here:1/console/sign-in#token=abc"
