"""PutProjectPolicy, ListProjectPolicies, DeleteProjectPolicy, and what they allow."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from botocore.utils import parse_timestamp

from customlabels.service import errors, policies, projects
from customlabels.service.access.caller import Caller
from customlabels.service.access.statements import Statement
from customlabels.service.policies import delete_project_policy, list_project_policies, put_project_policy
from customlabels.service.service import Service

STRANGER = "arn:aws:iam::111111111111:user/Admin"


def document(effect: str = "Allow", principal: str = STRANGER, resource: str = "*") -> str:
    statement = {
        "Effect": effect,
        "Principal": {"AWS": principal},
        "Action": "rekognition:CopyProjectVersion",
        "Resource": resource,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def project(service: Service, caller: Caller) -> str:
    return str(projects.create_project(service, caller, project_name="shared")["ProjectArn"])


def put(service: Service, caller: Caller, project: str, name: str = "copy", **given: Any) -> str:
    given.setdefault("policy_document", document())
    return str(put_project_policy(service, caller, project_arn=project, policy_name=name, **given)["PolicyRevisionId"])


def listed(service: Service, caller: Caller, project: str, **given: Any) -> list[dict[str, Any]]:
    policies: list[dict[str, Any]] = list_project_policies(service, caller, project_arn=project, **given)[
        "ProjectPolicies"
    ]
    return policies


def decision(service: Service, caller: Caller, project: str, principal: str = STRANGER) -> str | None:
    with service.database.read() as connection:
        row = projects.find(connection, caller, project)
        version = project.rpartition("/")[0] + "/version/v1/1"
        return policies.allow_copy(connection, row.id, principal, version)


# checklist: J05
def test_a_policy_has_a_revision_that_each_change_replaces(service: Service, caller: Caller, project: str) -> None:
    first = put(service, caller, project)
    assert re.fullmatch("[0-9a-f]{32}", first)
    with pytest.raises(errors.ResourceAlreadyExistsException, match="PolicyRevisionId"):
        put(service, caller, project)
    second = put(service, caller, project, policy_revision_id=first.upper(), policy_document=document("Deny"))
    assert second != first
    (policy,) = listed(service, caller, project)
    assert policy["PolicyRevisionId"] == second
    assert policy["PolicyDocument"] == document("Deny")
    for stale in (first, "0", ""):
        with pytest.raises(errors.InvalidPolicyRevisionIdException):
            put(service, caller, project, policy_revision_id=stale)
        with pytest.raises(errors.InvalidPolicyRevisionIdException):
            delete_project_policy(service, caller, project_arn=project, policy_name="copy", policy_revision_id=stale)
    with pytest.raises(errors.InvalidPolicyRevisionIdException):
        put(service, caller, project, "new", policy_revision_id=second)
    delete_project_policy(service, caller, project_arn=project, policy_name="copy", policy_revision_id=second)
    assert listed(service, caller, project) == []


# checklist: J06
def test_a_document_that_is_none_changes_nothing(service: Service, caller: Caller, project: str) -> None:
    revision = put(service, caller, project)
    for given in ({}, {"policy_revision_id": revision}):
        with pytest.raises(errors.MalformedPolicyDocumentException):
            put(service, caller, project, policy_document='{"Statement": []}', **given)
    assert [policy["PolicyRevisionId"] for policy in listed(service, caller, project)] == [revision]


# checklist: J07
def test_a_project_has_up_to_five_policies_and_lists_them_by_pages(
    service: Service, caller: Caller, project: str
) -> None:
    names = ["B", "a", "b", "c", "d"]
    revisions = {name: put(service, caller, project, name) for name in reversed(names)}
    with pytest.raises(errors.ServiceQuotaExceededException, match="has 5 policies, and 5 are allowed"):
        put(service, caller, project, "e")
    put(service, caller, project, "a", policy_revision_id=revisions["a"])  # a change needs no room
    assert [policy["PolicyName"] for policy in listed(service, caller, project)] == names
    pages, token = [], None
    while True:
        answer = list_project_policies(service, caller, project_arn=project, max_results=2, next_token=token)
        pages.append([policy["PolicyName"] for policy in answer["ProjectPolicies"]])
        token = answer.get("NextToken")
        if token is None:
            break
    assert pages == [["B", "a"], ["b", "c"], ["d"]]
    with pytest.raises(errors.InvalidPaginationTokenException):
        list_project_policies(service, caller, project_arn=project, next_token="nonsense")


def test_a_policy_tells_when_it_was_made_and_changed(service: Service, caller: Caller, project: str) -> None:
    revision = put(service, caller, project)
    before = listed(service, caller, project)[0]
    put(service, caller, project, policy_revision_id=revision)
    after = listed(service, caller, project)[0]
    assert set(after) == {
        *("ProjectArn", "PolicyName", "PolicyRevisionId", "PolicyDocument"),
        *("CreationTimestamp", "LastUpdatedTimestamp"),
    }
    assert after["ProjectArn"] == project
    assert after["CreationTimestamp"] == before["CreationTimestamp"] <= after["LastUpdatedTimestamp"]
    assert parse_timestamp(after["LastUpdatedTimestamp"]).year > 2020


# checklist: J04
def test_what_policies_say_of_a_copy(service: Service, caller: Caller, project: str) -> None:
    assert decision(service, caller, project) is None
    put(service, caller, project, "one")
    assert decision(service, caller, project) == "Allow"
    assert decision(service, caller, project, "arn:aws:iam::222222222222:user/Admin") is None
    put(service, caller, project, "two", policy_document=document("Deny", "*"))
    assert decision(service, caller, project) == "Deny"
    delete_project_policy(service, caller, project_arn=project, policy_name="two")
    assert decision(service, caller, project) == "Allow"


def test_what_is_not_there_is_not_found(service: Service, caller: Caller, project: str) -> None:
    elsewhere = project + "1"
    for arn, who in ((elsewhere, caller), (project, Caller.administrator("999999999999"))):
        with pytest.raises(errors.ResourceNotFoundException):
            put(service, who, arn)
        with pytest.raises(errors.ResourceNotFoundException):
            listed(service, who, arn)
        with pytest.raises(errors.ResourceNotFoundException):
            delete_project_policy(service, who, project_arn=arn, policy_name="copy")
    with pytest.raises(errors.ResourceNotFoundException, match="no policy other"):
        delete_project_policy(service, caller, project_arn=project, policy_name="other")


@pytest.mark.parametrize("operation", ["PutProjectPolicy", "ListProjectPolicies", "DeleteProjectPolicy"])
def test_each_operation_needs_its_permission(service: Service, caller: Caller, project: str, operation: str) -> None:
    put(service, caller, project, "old")
    statements = (
        Statement("Allow", ("rekognition:*",), ("*",)),
        Statement("Deny", (f"rekognition:{operation}",), (project,)),
    )
    limited = Caller(caller.account, "limited", statements)
    calls: dict[str, Callable[[], object]] = {
        "PutProjectPolicy": lambda: put(service, limited, project, "new"),
        "ListProjectPolicies": lambda: listed(service, limited, project),
        "DeleteProjectPolicy": lambda: delete_project_policy(service, limited, project_arn=project, policy_name="old"),
    }
    denied = calls.pop(operation)
    with pytest.raises(errors.AccessDeniedException, match=f"perform: rekognition:{operation} on resource"):
        denied()
    for allowed in calls.values():
        allowed()
