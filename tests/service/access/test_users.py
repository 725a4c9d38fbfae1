"""Accounts, users and their policies."""

from __future__ import annotations

import pytest

from customlabels.service.access import keys, users
from customlabels.service.access.policies import PRESETS, PolicyError
from customlabels.service.access.users import AccessError
from customlabels.service.service import Service

DETECT = {"Statement": {"Effect": "Allow", "Action": "rekognition:DetectCustomLabels", "Resource": "*"}}


def test_users_are_added_listed_and_removed(service: Service) -> None:
    users.add_user(service.database, service.account, "boss", ["Administrator"])
    users.add_user(service.database, service.account, "anna", ["Labeler", "Inference-only"])
    users.add_user(service.database, service.account, "ben@example.org")
    assert users.list_users(service.database, service.account) == [
        ("anna", ["Inference-only", "Labeler"]),
        ("ben@example.org", []),
        ("boss", ["Administrator"]),
    ]
    key = keys.create_key(service.database, service.account, "anna")
    users.remove_user(service.database, service.account, "anna")
    assert [name for name, _ in users.list_users(service.database, service.account)] == ["ben@example.org", "boss"]
    assert keys.KeyRing(service.database).find(key.id) is None


def test_accounts_have_users_of_their_own(service: Service) -> None:
    partner = users.add_account(service.database, "partner")
    assert len(partner) == 12
    assert partner.isdecimal()
    users.add_user(service.database, "partner", "anna", ["Administrator"])
    users.add_user(service.database, service.account, "anna")
    assert users.list_users(service.database, partner) == [("anna", ["Administrator"])]
    assert users.list_users(service.database, "partner") == [("anna", ["Administrator"])]
    assert users.list_users(service.database, service.account) == [("anna", [])]
    assert [row.name for row in users.list_accounts(service.database)] == ["default", "partner"]
    caller = keys.KeyRing(service.database).find(keys.create_key(service.database, "partner", "anna").id)
    assert caller is not None
    assert caller.caller.arn == f"arn:aws:iam::{partner}:user/anna"


@pytest.mark.parametrize("name", ["", "a b", "a/b", "../a", "ü", "x" * 65, "a\n", "a:b"])
def test_names_that_cannot_be_in_an_arn_are_refused(service: Service, name: str) -> None:
    with pytest.raises(AccessError, match="1 to 64"):
        users.add_user(service.database, service.account, name)
    with pytest.raises(AccessError, match="1 to 64"):
        users.add_account(service.database, name)


def test_what_is_there_already_or_not_there_is_named(service: Service) -> None:
    users.add_user(service.database, service.account, "anna")
    users.add_account(service.database, "partner")
    with pytest.raises(AccessError, match="a user 'anna' already"):
        users.add_user(service.database, service.account, "anna")
    with pytest.raises(AccessError, match="an account 'partner' already"):
        users.add_account(service.database, "partner")
    with pytest.raises(AccessError, match="no account 'nobody'"):
        users.add_user(service.database, "nobody", "anna")
    with pytest.raises(AccessError, match="no user 'nobody'"):
        users.remove_user(service.database, service.account, "nobody")
    with pytest.raises(AccessError, match="no preset 'Root'; there are Administrator"):
        users.add_user(service.database, service.account, "ben", ["Root"])
    assert [name for name, _ in users.list_users(service.database, service.account)] == ["anna"]


def test_policies_are_attached_replaced_and_detached(service: Service) -> None:
    users.add_user(service.database, service.account, "anna")
    key = keys.create_key(service.database, service.account, "anna")

    def may(action: str) -> bool:
        holder = keys.KeyRing(service.database).find(key.id)
        assert holder is not None
        return holder.caller.may(action, "*")

    assert not may("rekognition:DescribeProjects")
    users.attach(service.database, service.account, "anna", "ReadOnly")
    users.attach(service.database, service.account, "anna", "mine", DETECT)
    assert may("rekognition:DescribeProjects")
    assert may("rekognition:DetectCustomLabels")
    users.attach(service.database, service.account, "anna", "mine", {"Statement": PRESETS["Labeler"]["Statement"]})
    assert not may("rekognition:DetectCustomLabels")
    users.detach(service.database, service.account, "anna", "mine")
    users.detach(service.database, service.account, "anna", "ReadOnly")
    assert not may("rekognition:DescribeProjects")


def test_policies_that_cannot_be_meant_are_refused(service: Service) -> None:
    users.add_user(service.database, service.account, "anna")
    with pytest.raises(AccessError, match="no preset 'Readonly'"):
        users.attach(service.database, service.account, "anna", "Readonly")
    with pytest.raises(AccessError, match="name of a preset"):
        users.attach(service.database, service.account, "anna", "ReadOnly", DETECT)
    with pytest.raises(PolicyError):
        users.attach(service.database, service.account, "anna", "mine", {"Statement": []})
    with pytest.raises(AccessError, match="no policy 'mine'"):
        users.detach(service.database, service.account, "anna", "mine")


# checklist: L01
def test_an_account_keeps_an_administrator(service: Service) -> None:
    users.add_user(service.database, service.account, "boss", ["Administrator"])
    users.add_user(service.database, service.account, "anna", ["ReadOnly"])
    with pytest.raises(AccessError, match="last administrator"):
        users.remove_user(service.database, service.account, "boss")
    users.add_user(service.database, service.account, "ben", ["Administrator"])
    users.remove_user(service.database, service.account, "boss")
    with pytest.raises(AccessError, match="last administrator"):
        users.remove_user(service.database, service.account, "ben")
