"""Access keys: made, found, disabled, rotated."""

from __future__ import annotations

import re

import pytest

from customlabels.service.access import keys, users
from customlabels.service.access.users import AccessError
from customlabels.service.service import Service


@pytest.fixture
def anna(service: Service) -> keys.Key:
    users.add_user(service.database, service.account, "anna", ["ReadOnly"])
    return keys.create_key(service.database, service.account, "anna")


def found(service: Service, key: keys.Key) -> bool:
    return keys.KeyRing(service.database).find(key.id) is not None


# checklist: L01
def test_the_first_start_makes_one_key_at_random(service: Service) -> None:
    key = keys.first_key(service.database, service.account)
    assert key is not None
    assert re.fullmatch("AKIA[A-Z2-7]{16}", key.id)
    assert re.fullmatch("[A-Za-z0-9_-]{40}", key.secret)
    assert keys.first_key(service.database, service.account) is None
    assert keys.administrator_key(service.database, service.account) == key
    holder = keys.KeyRing(service.database).find(key.id)
    assert holder is not None
    assert holder.secret == key.secret
    assert holder.caller.may("rekognition:DeleteProject", "*")
    assert holder.caller.key == key.id


def test_a_key_stands_for_its_user(service: Service, anna: keys.Key) -> None:
    holder = keys.KeyRing(service.database).find(anna.id)
    assert holder is not None
    assert holder.caller.arn == f"arn:aws:iam::{service.account}:user/anna"
    assert holder.caller.may("rekognition:DescribeProjects", "*")
    assert not holder.caller.may("rekognition:CreateProject", "*")


@pytest.mark.parametrize("id", ["", "AKIAIOSFODNN7EXAMPLE", "a'; DROP TABLE access_keys; --", "x" * 10_000])
def test_a_key_that_was_not_made_here_is_not_found(service: Service, anna: keys.Key, id: str) -> None:
    assert keys.KeyRing(service.database).find(id) is None
    assert found(service, anna)


def test_a_disabled_key_stops_working(service: Service, anna: keys.Key) -> None:
    keys.disable_key(service.database, anna.id)
    assert not found(service, anna)
    with pytest.raises(AccessError, match="no access key 'AKIAIOSFODNN7EXAMPLE'"):
        keys.disable_key(service.database, "AKIAIOSFODNN7EXAMPLE")


def test_a_key_that_was_looked_up_is_believed_in_for_a_second(
    service: Service, anna: keys.Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = 100.0
    monkeypatch.setattr("customlabels.service.access.keys.monotonic", lambda: clock)
    ring = keys.KeyRing(service.database)
    assert ring.find(anna.id) is not None
    keys.disable_key(service.database, anna.id)
    clock += keys.KNOWN_SECONDS - 0.01
    assert ring.find(anna.id) is not None
    clock += 0.02
    assert ring.find(anna.id) is None


def test_rotation_makes_a_key_and_disables_the_others(service: Service, anna: keys.Key) -> None:
    second = keys.create_key(service.database, service.account, "anna")
    third = keys.rotate_keys(service.database, service.account, "anna")
    assert [found(service, key) for key in (anna, second, third)] == [False, False, True]
    listed = keys.list_keys(service.database, service.account, "anna")
    assert {row.id: row.enabled for row in listed} == {anna.id: False, second.id: False, third.id: True}


def test_keys_are_only_for_users_there_are(service: Service) -> None:
    for make in (keys.create_key, keys.rotate_keys, keys.list_keys):
        with pytest.raises(AccessError, match="no user 'nobody'"):
            make(service.database, service.account, "nobody")


def test_a_disabled_key_of_the_administrator_is_not_handed_out(service: Service) -> None:
    key = keys.first_key(service.database, service.account)
    assert key is not None
    keys.disable_key(service.database, key.id)
    assert keys.administrator_key(service.database, service.account) is None
    renewed = keys.rotate_keys(service.database, service.account, "administrator")
    assert keys.administrator_key(service.database, service.account) == renewed
