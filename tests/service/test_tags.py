"""TagResource, UntagResource, ListTagsForResource."""

from __future__ import annotations

from typing import Any

import pytest

from customlabels.service import datasets
from customlabels.service.access.caller import Caller
from customlabels.service.access.statements import Statement
from customlabels.service.errors import (
    AccessDeniedException,
    InvalidParameterException,
    ResourceNotFoundException,
    ServiceQuotaExceededException,
)
from customlabels.service.service import Service
from customlabels.service.tags import list_tags_for_resource, tag_resource, untag_resource

from .manifests import made, new_project, work
from .rows import add_version


@pytest.fixture(params=["project", "dataset", "version"])
def arn(request: pytest.FixtureRequest, service: Service, caller: Caller) -> str:
    """One of each thing that can have tags."""
    if request.param == "project":
        return new_project(service, caller)
    if request.param == "dataset":
        return made(service, caller, None)
    return add_version(service, "v1", "TRAINING_COMPLETED")


def tags(service: Service, caller: Caller, arn: str) -> dict[str, str]:
    known: dict[str, str] = list_tags_for_resource(service, caller, resource_arn=arn)["Tags"]
    return known


# checklist: J08
def test_tags_are_added_replaced_and_removed(service: Service, caller: Caller, arn: str) -> None:
    assert tags(service, caller, arn) == {}
    tag_resource(service, caller, resource_arn=arn, tags={"team": "shelter", "Team": "", "größe/1": "a b+=@"})
    tag_resource(service, caller, resource_arn=arn, tags={"team": "zoo"})
    assert tags(service, caller, arn) == {"team": "zoo", "Team": "", "größe/1": "a b+=@"}
    untag_resource(service, caller, resource_arn=arn, tag_keys=["team", "absent"])
    untag_resource(service, caller, resource_arn=arn, tag_keys=[])
    assert tags(service, caller, arn) == {"Team": "", "größe/1": "a b+=@"}


# checklist: J08
def test_there_are_at_most_200(service: Service, caller: Caller, arn: str) -> None:
    tag_resource(service, caller, resource_arn=arn, tags={f"k{number}": "v" for number in range(199)})
    tag_resource(service, caller, resource_arn=arn, tags={"last": "v"})
    with pytest.raises(ServiceQuotaExceededException, match="201 tags; at most 200"):
        tag_resource(service, caller, resource_arn=arn, tags={"last": "new", "one more": "v"})
    tag_resource(service, caller, resource_arn=arn, tags={"last": "changed"})
    assert len(tags(service, caller, arn)) == 200
    assert tags(service, caller, arn)["last"] == "changed"


# checklist: J08
def test_reserved_keys_are_refused(service: Service, caller: Caller, arn: str) -> None:
    with pytest.raises(InvalidParameterException, match="aws:"):
        tag_resource(service, caller, resource_arn=arn, tags={"fine": "v", "aws:created-by": "v"})
    assert tags(service, caller, arn) == {}


@pytest.mark.parametrize(
    "unknown", ["arn:aws:rekognition:us-east-1:{}:project/none/1", "x" * 20, "arn:with:four:colons:{}:and:more"]
)
def test_what_is_not_there_has_no_tags(service: Service, caller: Caller, unknown: str) -> None:
    given: dict[str, Any] = {"resource_arn": unknown.format(service.account)}
    with pytest.raises(ResourceNotFoundException):
        list_tags_for_resource(service, caller, **given)
    with pytest.raises(ResourceNotFoundException):
        tag_resource(service, caller, **given, tags={"a": "b"})
    with pytest.raises(ResourceNotFoundException):
        untag_resource(service, caller, **given, tag_keys=["a"])


def test_other_accounts_do_not_see_them(service: Service, caller: Caller, arn: str) -> None:
    stranger = Caller.administrator("999999999999")
    with pytest.raises(ResourceNotFoundException):
        list_tags_for_resource(service, stranger, resource_arn=arn)
    with pytest.raises(ResourceNotFoundException):
        tag_resource(service, stranger, resource_arn=arn, tags={"a": "b"})


def test_tags_go_with_their_dataset(service: Service, caller: Caller) -> None:
    project = new_project(service, caller)
    given: dict[str, Any] = {"project_arn": project, "dataset_type": "TRAIN", "tags": {"team": "shelter"}}
    arn = datasets.create_dataset(service, caller, **given)["DatasetArn"]
    assert tags(service, caller, arn) == {"team": "shelter"}
    datasets.delete_dataset(service, caller, dataset_arn=arn)
    work(service)
    with pytest.raises(ResourceNotFoundException):
        tags(service, caller, arn)


def test_policies_see_the_tags_there_are_and_those_to_come(service: Service, caller: Caller, arn: str) -> None:
    tag_resource(service, caller, resource_arn=arn, tags={"team": "shelter"})
    statements = (
        Statement("Allow", ("rekognition:*Tag*",), ("*",), {"StringEquals": {"aws:ResourceTag/team": "shelter"}}),
        Statement("Deny", ("*",), ("*",), {"ForAnyValue:StringEquals": {"aws:TagKeys": ["team"]}}),
    )
    labeler = Caller(service.account, "labeler", statements)
    tag_resource(service, labeler, resource_arn=arn, tags={"done": "yes"})
    untag_resource(service, labeler, resource_arn=arn, tag_keys=["done"])
    with pytest.raises(AccessDeniedException):
        tag_resource(service, labeler, resource_arn=arn, tags={"team": "zoo"})
    with pytest.raises(AccessDeniedException):
        untag_resource(service, labeler, resource_arn=arn, tag_keys=["team"])
    tag_resource(service, caller, resource_arn=arn, tags={"team": "zoo"})
    with pytest.raises(AccessDeniedException):
        tags(service, labeler, arn)
