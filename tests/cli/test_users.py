"""`customlabels accounts`, `users`, `keys` and `policy`: who may do what, on a home that a server has made."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from customlabels.cli.exits import USAGE
from customlabels.service.access.keys import KeyRing, first_key
from customlabels.service.access.sessions import find_session, open_by_link
from customlabels.service.service import open_service
from customlabels.settings import Settings

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home as after the first start of its server."""
    service = open_service(Settings(home=tmp_path / "home"))
    first_key(service.database, service.account)
    service.close()
    return tmp_path / "home"


def caller_of(home: Path, printed: str) -> tuple[str, bool, bool]:
    """(name, may detect, may create projects) of the caller whose key was printed."""
    lines = dict(line.split("=", 1) for line in printed.splitlines())
    service = open_service(Settings(home=home))
    holder = KeyRing(service.database).find(lines["AWS_ACCESS_KEY_ID"])
    service.close()
    assert holder is not None
    assert holder.secret == lines["AWS_SECRET_ACCESS_KEY"]
    caller = holder.caller
    may = [caller.may(f"rekognition:{name}", "*") for name in ("DetectCustomLabels", "CreateProject")]
    return caller.name, may[0], may[1]


# checklist: L02
def test_a_user_with_a_preset_and_a_key(run: Run, home: Path) -> None:
    code, out, _ = run("users", "add", "robot", "--policy", "Inference-only", "--home", home)
    assert code == 0
    assert f"customlabels keys create robot --home {home}" in out
    code, out, _ = run("keys", "create", "robot", "--home", home)
    assert code == 0
    assert caller_of(home, out) == ("robot", True, False)
    code, out, _ = run("users", "list", "--home", home)
    assert code == 0
    assert "robot" in out
    assert "Inference-only" in out
    assert "administrator" in out
    assert run("users", "remove", "robot", "--home", home)[0] == 0
    assert "robot" not in run("users", "list", "--home", home)[1]


def test_keys_are_listed_disabled_and_rotated(run: Run, home: Path) -> None:
    first = run("keys", "create", "administrator", "--home", home)[1].split()[0].partition("=")[2]
    code, out, _ = run("keys", "list", "administrator", "--home", home)
    assert code == 0
    assert out.count("AKIA") == 2
    assert "AWS_SECRET" not in out
    assert run("keys", "disable", first, "--home", home)[0] == 0
    code, out, _ = run("keys", "rotate", "administrator", "--home", home)
    assert caller_of(home, out) == ("administrator", True, True)
    listed = run("keys", "list", "administrator", "--home", home)[1]
    assert listed.count("AKIA") == 3
    assert listed.count("yes") == 1


# checklist: K01
def test_a_link_signs_a_user_in_once(run: Run, home: Path) -> None:
    run("accounts", "add", "partner", "--home", home)
    run("users", "add", "ben", "--account", "partner", "--home", home)
    for user, account in (("administrator", ()), ("ben", ("--account", "partner"))):
        code, out, _ = run("users", "link", user, *account, "--home", home)
        assert code == 0
        address, _, token = out.strip().partition("#token=")
        assert address == "http://127.0.0.1:8321/console/sign-in"
        service = open_service(Settings(home=home))
        cookie = open_by_link(service.database, token)
        session = find_session(service.database, cookie or "")
        again = open_by_link(service.database, token)
        service.close()
        assert session is not None
        assert (session.caller.name, again) == (user, None)


def test_accounts_have_users_of_their_own(run: Run, home: Path) -> None:
    code, out, _ = run("accounts", "add", "partner", "--home", home)
    assert code == 0
    account = out.split()[-1].rstrip(".")
    assert run("users", "add", "ben", "--account", "partner", "--policy", "Administrator", "--home", home)[0] == 0
    assert "ben" in run("users", "list", "--account", account, "--home", home)[1]
    assert "ben" not in run("users", "list", "--home", home)[1]
    listed = run("accounts", "list", "--home", home)[1]
    assert "default" in listed
    assert account in listed


def test_policies_come_from_presets_and_files(run: Run, home: Path, tmp_path: Path) -> None:
    run("users", "add", "anna", "--home", home)
    key = run("keys", "create", "anna", "--home", home)[1]
    assert caller_of(home, key) == ("anna", False, False)
    policy = {"Statement": {"Effect": "Allow", "Action": "rekognition:DetectCustomLabels", "Resource": "*"}}
    (tmp_path / "mine.json").write_text(json.dumps(policy))
    assert run("policy", "attach", "anna", tmp_path / "mine.json", "--home", home)[0] == 0
    assert caller_of(home, key) == ("anna", True, False)
    assert run("policy", "attach", "anna", "Administrator", "--home", home)[0] == 0
    assert caller_of(home, key) == ("anna", True, True)
    assert run("policy", "detach", "anna", "Administrator", "--home", home)[0] == 0
    assert run("policy", "detach", "anna", "mine", "--home", home)[0] == 0
    assert caller_of(home, key) == ("anna", False, False)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (("users", "add", "a b"), "1 to 64"),
        (("users", "add", "administrator"), "already"),
        (("users", "add", "anna", "--policy", "Root"), "no preset 'Root'"),
        (("users", "add", "anna", "--account", "nobody"), "no account 'nobody'"),
        (("users", "remove", "nobody"), "no user 'nobody'"),
        (("users", "link", "nobody"), "no user 'nobody'"),
        (("users", "link", "administrator", "--account", "none"), "no account 'none'"),
        (("users", "remove", "administrator"), "last administrator"),
        (("keys", "create", "nobody"), "no user 'nobody'"),
        (("keys", "disable", "AKIAIOSFODNN7EXAMPLE"), "no access key"),
        (("policy", "attach", "administrator", "Readonly"), "no preset 'Readonly'"),
        (("policy", "detach", "administrator", "ReadOnly"), "no policy 'ReadOnly'"),
        (("accounts", "add", "default"), "already"),
        (("cancel", "arn:aws:rekognition:us-east-1:1:project/x"), "not the ARN of a model version"),
    ],
)
def test_what_cannot_be_done_is_named(run: Run, home: Path, command: tuple[str, ...], reason: str) -> None:
    code, out, err = run(*command, "--home", home)
    assert (code, out) == (USAGE, "")
    assert reason in err


def test_a_file_that_is_no_policy_is_named(run: Run, home: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{")
    code, _, err = run("policy", "attach", "administrator", tmp_path / "bad.json", "--home", home)
    assert code == USAGE
    assert "not JSON" in err
    assert run("policy", "attach", "administrator", tmp_path / "absent.json", "--home", home)[0] == 1


@pytest.mark.parametrize(
    "command",
    [("users", "list"), ("keys", "list", "a"), ("accounts", "list"), ("env",), ("policy", "attach", "a", "b")],
)
def test_no_home_is_made_by_mistake(run: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    code, out, err = run(*command, "--home", tmp_path / "typo")
    assert (code, out) == (USAGE, "")
    assert "customlabels serve --home" in err
    assert not (tmp_path / "typo").exists()
