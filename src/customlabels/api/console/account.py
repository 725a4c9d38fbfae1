"""Routes on the one who is signed in, on other users, their keys and policies, and on the audit log."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from customlabels.api.console.asks import Ask
from customlabels.api.console.attempts import require_calm
from customlabels.service.access import keys, sessions, users
from customlabels.service.access.policies import PRESETS, PolicyError, read
from customlabels.service.arn import user_arn
from customlabels.service.console_bucket import console_bucket
from customlabels.service.errors import InvalidParameterException, ResourceNotFoundException
from customlabels.service.service import Service

T = TypeVar("T")
MOST_LINES = 500
"""Of the audit log on a page."""


def describe(ask: Ask) -> dict[str, Any]:
    """Who is signed in, where, and what this server allows."""
    limits = ask.service.settings
    return {
        "Account": ask.caller.account,
        "User": ask.caller.name,
        "Arn": ask.caller.arn,
        "Region": ask.service.region,
        "HasPassword": ask.session.has_password,
        "Bucket": console_bucket(ask.service, ask.caller.account),
        "MayManageUsers": ask.caller.may("iam:ListUsers", "*"),
        "Limits": {
            "MaxUnits": limits.max_units,
            "MaxRunning": limits.max_running,
            "MaxTrainings": limits.max_trainings,
        },
    }


def change_password(ask: Ask) -> dict[str, Any]:
    """Give oneself a password. Who has one must know it, and cannot try many."""
    new = ask.body.text("Password", longest=1000)
    known = ask.body.text("OldPassword", "", longest=1000)
    if ask.session.has_password:
        who = (f"the session of {ask.caller.arn}", f"{ask.caller.account}/{ask.caller.name}")
        require_calm(ask.attempts, *who)
        if not sessions.check_password(ask.service.database, ask.session, known):
            raise InvalidParameterException("The old password is not the right one.")
        ask.attempts.succeeded(*who)
    _doing(lambda: sessions.set_password(ask.service.database, ask.caller.account, ask.caller.name, new, ask.cookie))
    return {}


def list_users(ask: Ask) -> dict[str, Any]:
    ask.caller.require("iam:ListUsers", "*")
    found = users.list_users(ask.service.database, ask.caller.account)
    return {"Users": [{"Name": name, "Policies": policies} for name, policies in found], "Presets": list(PRESETS)}


def describe_user(ask: Ask) -> dict[str, Any]:
    """A user's policies with their documents, and keys without their secrets."""
    name = _other(ask, "iam:GetUser", ask.query.text("Name"))
    database, account = ask.service.database, ask.caller.account

    def described() -> dict[str, Any]:
        rows = keys.list_keys(database, account, name)
        with database.read() as connection:
            row = users.find_user(connection, account, name)
            policies = users.policies_of(connection, row.id)
        return {
            "Name": name,
            "Arn": user_arn(account, name),
            "Created": row.created / 1000,
            "Policies": [
                {"Name": policy, "Preset": policy in PRESETS, "Document": document}
                for policy, document in policies.items()
            ],
            "Keys": [{"Id": key.id, "Enabled": key.enabled, "Created": key.created / 1000} for key in rows],
        }

    return _doing(described)


def add_user(ask: Ask) -> dict[str, Any]:
    """A new user with presets; the answer has the token of a link for signing in."""
    name = _other(ask, "iam:CreateUser", ask.body.text("Name"))
    database, account, policies = ask.service.database, ask.caller.account, ask.body.texts("Policies", 10)
    if policies:
        _other(ask, "iam:PutUserPolicy", name)
    _doing(lambda: users.add_user(database, account, name, policies))
    return {"Token": sessions.make_link(database, account, name)}


def invite_user(ask: Ask) -> dict[str, Any]:
    """The token of a link with which a user signs in once, and can choose a password."""
    name = _other(ask, "iam:CreateLoginProfile", ask.body.text("Name"))
    return {"Token": _doing(lambda: sessions.make_link(ask.service.database, ask.caller.account, name))}


def remove_user(ask: Ask) -> dict[str, Any]:
    name = _other(ask, "iam:DeleteUser", ask.body.text("Name"))
    _doing(lambda: users.remove_user(ask.service.database, ask.caller.account, name))
    return {}


def sign_out_user(ask: Ask) -> dict[str, Any]:
    """End all sessions of a user, and void the links."""
    name = _other(ask, "iam:DeleteLoginProfile", ask.body.text("Name"))
    _doing(lambda: sessions.end_sessions(ask.service.database, ask.caller.account, name))
    return {}


def attach_policy(ask: Ask) -> dict[str, Any]:
    """Give a user a preset, or a policy that is written as JSON."""
    name = _other(ask, "iam:PutUserPolicy", ask.body.text("Name"))
    policy, text = ask.body.text("Policy", longest=128), ask.body.optional("Document")

    def attached() -> None:
        document = None if text is None else read(text)
        users.attach(ask.service.database, ask.caller.account, name, policy, document)

    _doing(attached)
    return {}


def detach_policy(ask: Ask) -> dict[str, Any]:
    name = _other(ask, "iam:DeleteUserPolicy", ask.body.text("Name"))
    _doing(lambda: users.detach(ask.service.database, ask.caller.account, name, ask.body.text("Policy")))
    return {}


def create_key(ask: Ask) -> dict[str, Any]:
    """A new access key; its secret is in this answer only."""
    name = _self_or_other(ask, "iam:CreateAccessKey", ask.body.text("Name"))
    key = _doing(lambda: keys.create_key(ask.service.database, ask.caller.account, name))
    return {"Id": key.id, "Secret": key.secret}


def disable_key(ask: Ask) -> dict[str, Any]:
    name = _self_or_other(ask, "iam:UpdateAccessKey", ask.body.text("Name"))
    id, database = ask.body.text("Id"), ask.service.database

    def disabled() -> None:
        if id not in {key.id for key in keys.list_keys(database, ask.caller.account, name)}:
            raise users.AccessError(f"The user {name} has no access key {id[:130]!r}.")
        keys.disable_key(database, id)

    _doing(disabled)
    return {}


def list_keys(ask: Ask) -> dict[str, Any]:
    """One's own keys."""
    name = _self_or_other(ask, "iam:ListAccessKeys", ask.query.text("Name"))
    found = _doing(lambda: keys.list_keys(ask.service.database, ask.caller.account, name))
    return {"Keys": [{"Id": key.id, "Enabled": key.enabled, "Created": key.created / 1000} for key in found]}


def audit(ask: Ask) -> dict[str, Any]:
    """The newest lines of the audit log that are of this account and have a text in them."""
    ask.caller.require("cloudtrail:LookupEvents", "*")
    text = ask.query.text("Text", "").lower()
    newest: deque[dict[str, Any]] = deque(maxlen=MOST_LINES)
    for line in _lines(ask.service):
        if text and text not in line.lower():
            continue
        try:
            event = json.loads(line)
        except ValueError:
            continue  # the last line may be in the midst of being written
        if event.get("account") == ask.caller.account:
            newest.append(event)
    return {"Events": list(newest)[::-1]}


def _lines(service: Service) -> Iterator[str]:
    for name in ("audit.jsonl.1", "audit.jsonl"):
        try:
            with (service.settings.logs / name).open(encoding="utf-8", errors="replace") as file:
                yield from file
        except FileNotFoundError:
            continue


def _other(ask: Ask, action: str, name: str) -> str:
    ask.caller.require(action, user_arn(ask.caller.account, name[:200]))
    return name


def _self_or_other(ask: Ask, action: str, name: str) -> str:
    """Keys of one's own need no right: who has a password may as well have a key, which can do no more."""
    return name if name == ask.caller.name else _other(ask, action, name)


def _doing(do: Callable[[], T]) -> T:
    """What `do` gives; what it refuses, as an error that the client is told."""
    try:
        return do()
    except users.AccessError as error:
        if str(error).startswith("There is no"):
            raise ResourceNotFoundException(str(error).partition(";")[0].rstrip(".") + ".") from error
        raise InvalidParameterException(str(error)) from error
    except PolicyError as error:
        raise InvalidParameterException(str(error)) from error
