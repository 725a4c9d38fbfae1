"""Signing in and out over HTTP, and what keeps pages of other sites from using a session."""

from __future__ import annotations

import json
import time
from pathlib import Path

import httpx
import pytest

from customlabels.api.console import attempts
from customlabels.api.console.attempts import FREE, FREE_OF_ADDRESS, LONGEST_WAIT, Attempts
from customlabels.api.console.sign_in import COOKIE, HEADER
from customlabels.server import Server
from customlabels.service.access import sessions
from customlabels.service.service import Service

from .conftest import API, Browser, NewBrowser, code, good

PASSWORD = "correct horse"


def link(service: Service, user: str = "administrator") -> str:
    return sessions.make_link(service.database, service.account, user)


# checklist: K01
def test_the_first_link_signs_the_administrator_in_once(server: Server, new_browser: NewBrowser) -> None:
    address, _, token = server.console.partition("#token=")
    assert address == f"{server.endpoint}/console/sign-in"
    browser = new_browser()
    assert code(browser.get("me")) == "SignInRequired"
    good(browser.post("session/link", Token=token))
    me = good(browser.get("me"))
    assert (me["User"], me["MayManageUsers"], me["HasPassword"]) == ("administrator", True, False)
    assert me["Bucket"].startswith("custom-labels-console-us-east-1-")
    assert me["Bucket"] in good(browser.get("folders"))["Buckets"]
    again = new_browser()
    assert code(again.post("session/link", Token=token)) == "SignInFailed"
    assert "customlabels users link" in again.post("session/link", Token=token).json()["Message"]


def test_the_cookie_is_for_the_console_and_for_no_script(server: Server, service: Service) -> None:
    response = httpx.post(f"{server.endpoint}{API}session/link", json={"Token": link(service)}, headers={HEADER: "1"})
    (cookie,) = response.headers.get_list("set-cookie")
    name, *attributes = [part.strip().lower() for part in cookie.split(";")]
    assert name.startswith(f"{COOKIE}=")
    assert set(attributes) == {"httponly", "samesite=strict", "path=/console", f"max-age={sessions.SESSION_SECONDS}"}
    assert response.headers["cache-control"] == "no-store"


def test_a_user_signs_in_with_a_password_and_out_again(new_browser: NewBrowser, service: Service) -> None:
    first = new_browser("pia", "ReadOnly")
    good(first.post("me/password", Password=PASSWORD))
    assert code(first.post("me/password", Password="another horse")) == "InvalidParameterException"
    assert code(first.post("me/password", Password="short", OldPassword=PASSWORD)) == "InvalidParameterException"
    second = new_browser()
    for account in ({}, {"Account": "default"}, {"Account": service.account}, {"Account": "  "}):
        good(second.post("session", User=" pia ", Password=PASSWORD, **account))
    assert good(second.get("me"))["HasPassword"]
    for given in (
        {"User": "pia", "Password": "wrong horse"},
        {"User": "nobody", "Password": PASSWORD},
        {"User": "pia", "Password": PASSWORD, "Account": "strangers"},
    ):
        assert code(new_browser().post("session", **given)) == "SignInFailed"
    kept = second.http.cookies[COOKIE]
    assert second.http.delete(f"{API}session").status_code == 200
    second.http.cookies.set(COOKIE, kept, path="/console")
    assert code(second.get("me")) == "SignInRequired"
    assert good(first.get("me"))["User"] == "pia"


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts take no time: to check a password can take as long as the first wait."""
    at = time.monotonic()
    monkeypatch.setattr(attempts, "monotonic", lambda: at)


@pytest.mark.usefixtures("still")
def test_who_fails_often_has_to_wait(new_browser: NewBrowser) -> None:
    browser, other = new_browser("tim"), new_browser("tom")
    for who in (browser, other):
        good(who.post("me/password", Password=PASSWORD))
    codes = [code(browser.post("session", User="tim", Password=f"guess {i}")) for i in range(FREE + 1)]
    assert codes == ["SignInFailed"] * FREE + ["TooManyAttempts"]
    refused = browser.post("session", User="tim", Password=PASSWORD)  # though it is the right one
    assert refused.status_code == 429
    assert "try again in" in refused.json()["Message"]
    good(other.post("session", User="tom", Password=PASSWORD))


@pytest.mark.usefixtures("still")
def test_who_has_a_session_cannot_try_many_passwords(new_browser: NewBrowser) -> None:
    thief = new_browser("thea")
    good(thief.post("me/password", Password=PASSWORD))
    guesses = [thief.post("me/password", Password="a new one", OldPassword=f"guess {i}") for i in range(FREE + 1)]
    assert [code(answer) for answer in guesses] == ["InvalidParameterException"] * FREE + ["TooManyAttempts"]
    assert code(thief.post("me/password", Password="a new one", OldPassword=PASSWORD)) == "TooManyAttempts"


def test_a_session_has_a_name_that_nobody_could_have_chosen(new_browser: NewBrowser, service: Service) -> None:
    """Else somebody could plant a cookie in a browser, and wait until its owner signs in."""
    browser = new_browser()
    browser.http.cookies.set(COOKIE, "planted", path="/console")
    answer = browser.post("session/link", Token=link(service))
    assert answer.cookies[COOKIE] != "planted"
    other = new_browser()
    other.http.cookies.set(COOKIE, "planted", path="/console")
    assert code(other.get("me")) == "SignInRequired"


def test_waiting_grows_ends_and_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    at = 1000.0
    monkeypatch.setattr("customlabels.api.console.attempts.monotonic", lambda: at)
    known = Attempts()
    assert [known.begin(f"address {i}", "anna") for i in range(FREE)] == [0.0] * FREE
    waits = []
    for _ in range(9):
        waits.append(known.begin("here", "anna"))
        at += waits[-1]
        assert known.begin("here", "anna") == 0.0
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, LONGEST_WAIT, LONGEST_WAIT, LONGEST_WAIT]
    assert known.begin("here", "ben") == 0.0
    at += attempts.FORGOTTEN_SECONDS
    assert known.begin("here", "anna") == 0.0
    known.succeeded("here", "anna")
    assert [known.begin(f"another {i}", "anna") for i in range(FREE + 1)] == [0.0] * FREE + [1.0]


def test_a_class_behind_one_address_is_not_kept_waiting() -> None:
    known = Attempts()
    for number in range(5 * FREE_OF_ADDRESS):  # of everybody who signs in
        assert known.begin("school", f"child {number}") == 0.0
        known.succeeded("school", f"child {number}")
    tries = [known.begin("school", f"guess {number}") for number in range(FREE_OF_ADDRESS + 1)]
    assert [wait == 0.0 for wait in tries] == [True] * FREE_OF_ADDRESS + [False]


FOREIGN = [
    ({"origin": "https://evil.example"}, "another site"),
    ({"origin": "null"}, "another site"),
    ({"origin": "http://127.0.0.1:1"}, "another site"),
    ({"origin": ""}, "another site"),
    ({"sec-fetch-site": "cross-site"}, "another site"),
    ({"sec-fetch-site": "same-site"}, "another site"),
    ({HEADER: None}, HEADER),
]


@pytest.mark.parametrize(("headers", "words"), FOREIGN)
@pytest.mark.parametrize(
    ("method", "route"),
    [
        ("POST", "rekognition/CreateProject"),
        ("POST", "session/link"),
        ("POST", "users"),
        ("DELETE", "session"),
        ("PUT", "images/upload"),
    ],
)
def test_pages_of_other_sites_change_nothing(
    admin: Browser, headers: dict[str, str | None], words: str, method: str, route: str
) -> None:
    request = admin.http.build_request(method, API + route, json={"ProjectName": "csrf", "Name": "csrf"})
    for name, value in headers.items():
        request.headers.pop(name, None)
        if value is not None:
            request.headers[name] = value
    response = admin.http.send(request)
    assert (response.status_code, code(response)) == (403, "ForeignOrigin")
    assert words in response.json()["Message"]
    assert admin.call("DescribeProjects", ProjectNames=["csrf"])["ProjectDescriptions"] == []
    assert good(admin.get("me"))


def test_pages_of_our_own_do(admin: Browser, server: Server) -> None:
    headers = {"origin": server.endpoint.upper().replace("HTTP", "http"), "sec-fetch-site": "same-origin"}
    response = admin.http.post(f"{API}rekognition/DescribeProjects", json={}, headers=headers)
    assert response.status_code == 200
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize("cookie", ["", "x", "é", "a" * 3000])
def test_a_cookie_that_is_none_opens_nothing(server: Server, cookie: str) -> None:
    headers = {"cookie": f"{COOKIE}={cookie}".encode("latin-1"), HEADER.encode(): b"1"}
    response = httpx.get(f"{server.endpoint}{API}me", headers=headers)  # type: ignore[arg-type]
    assert (response.status_code, code(response)) == (401, "SignInRequired")


def test_signing_in_is_written_down_without_secrets(server: Server, new_browser: NewBrowser, service: Service) -> None:
    token = link(service)
    browser = new_browser()
    good(browser.post("session/link", Token=token))
    log = Path(server.settings.logs / "audit.jsonl").read_text(encoding="utf-8")
    events = [json.loads(line) for line in log.splitlines()]
    signed_in = [event for event in events if event["operation"] == "Console POST session"]
    assert signed_in[-1]["principal"] == good(browser.get("me"))["Arn"]
    for secret in (token, browser.http.cookies[COOKIE], PASSWORD):
        assert secret not in log
