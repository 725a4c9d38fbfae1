"""How calls end that fail through no fault of their caller, and those of two accounts."""

from __future__ import annotations

import http.client
import logging
from collections.abc import Callable
from typing import Any

import pytest

from customlabels.api import rekognition as operations
from customlabels.server import Server
from customlabels.service.access import keys, users
from customlabels.service.service import open_service
from customlabels.store.database import DatabaseUnavailable
from customlabels.store.objects import StoreUnavailable

from .conftest import Client, Wire

SECRET = "postgresql://user:secret@host/name"


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Has every operation end as told: with an exception, or with an answer."""

    def replace(outcome: Any) -> None:
        def call(*_: Any, **__: Any) -> Any:
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        monkeypatch.setattr(operations, "_verb", lambda _: call)

    return replace


# checklist: A07
@pytest.mark.parametrize(
    ("outcome", "code", "message"),
    [
        (RuntimeError(SECRET), "InternalServerError", "Internal server error"),
        (KeyError("x"), "InternalServerError", "Internal server error"),
        (RecursionError(), "InternalServerError", "Internal server error"),
        ({"F1Score": float("nan")}, "InternalServerError", "Internal server error"),
        ({"Name": object}, "InternalServerError", "Internal server error"),
        (DatabaseUnavailable(SECRET), "ThrottlingException", "Service Unavailable"),
        (StoreUnavailable(SECRET), "ThrottlingException", "Service Unavailable"),
    ],
    ids=str,
)
def test_a_fault_of_ours_is_a_500_that_clients_try_again(
    outcome: Any, code: str, message: str, verb: Callable[[Any], None], wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    verb(outcome)
    with caplog.at_level(logging.ERROR):
        answer = wire.call("DescribeProjects", {})
    assert (answer.status, answer.error) == (500, code)
    assert answer.json["Message"] == message
    assert b"secret" not in answer.body
    assert answer.json["Logref"] in caplog.text


def test_a_fault_is_an_exception_of_the_model(verb: Callable[[Any], None], rekognition: Any) -> None:
    verb(RuntimeError())
    with pytest.raises(rekognition.exceptions.InternalServerError):
        rekognition.describe_projects()
    verb(DatabaseUnavailable())
    with pytest.raises(rekognition.exceptions.ThrottlingException):
        rekognition.describe_projects()


def test_s3_and_sts_tell_in_their_own_way_that_the_database_is_gone(
    monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    def find(*_: Any) -> None:
        raise DatabaseUnavailable(SECRET)

    monkeypatch.setattr("customlabels.service.access.keys.KeyRing.find", find)
    for service, call, status, code in (
        ("s3", "list_buckets", 503, "ServiceUnavailable"),
        ("sts", "get_caller_identity", 500, "ThrottlingException"),
    ):
        made = client(service)
        with pytest.raises(made.exceptions.ClientError) as caught:
            getattr(made, call)()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
        assert caught.value.response["Error"]["Code"] == code
        assert "secret" not in str(caught.value)


# checklist: L02, L03
def test_an_identity_can_do_what_its_policy_says_and_nothing_else(
    server: Server, client: Client, rekognition: Any
) -> None:
    arn = rekognition.create_project(ProjectName="limited")["ProjectArn"]
    version = arn.replace("limited/", "limited/version/v1/")
    service = open_service(server.settings)
    users.add_user(service.database, service.account, "limited")
    detect = {"Effect": "Allow", "Action": "rekognition:DetectCustomLabels", "Resource": version}
    users.attach(service.database, service.account, "limited", "detect", {"Statement": detect})
    key = keys.create_key(service.database, service.account, "limited")
    limited = client("rekognition", key=key)
    image = {"Bytes": b"\xff\xd8\xff"}
    with pytest.raises(limited.exceptions.ResourceNotFoundException):  # allowed, though there is no such model
        limited.detect_custom_labels(ProjectVersionArn=version, Image=image)
    forbidden: list[Callable[[], Any]] = [
        lambda: limited.detect_custom_labels(ProjectVersionArn=version.replace("v1", "v2"), Image=image),
        lambda: limited.stop_project_version(ProjectVersionArn=version),
        lambda: limited.describe_projects(),
        lambda: limited.create_project(ProjectName="mine"),
        lambda: limited.delete_project(ProjectArn=arn),
        lambda: limited.tag_resource(ResourceArn=arn, Tags={"a": "b"}),
        lambda: client("s3", key=key).list_buckets(),
        lambda: client("s3", key=key).create_bucket(Bucket="mine"),
    ]
    for call in forbidden:
        with pytest.raises(limited.exceptions.ClientError) as caught:
            call()
        assert caught.value.response["Error"]["Code"] in ("AccessDeniedException", "AccessDenied")
    everything = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}, detect | {"Effect": "Deny"}]}
    users.attach(service.database, service.account, "limited", "detect", everything)
    other = keys.create_key(service.database, service.account, "limited")  # not looked up before
    service.close()
    changed = client("rekognition", key=other)
    assert changed.describe_projects(ProjectNames=["limited"])["ProjectDescriptions"]
    with pytest.raises(changed.exceptions.AccessDeniedException, match=r"user/limited is not authorized to perform"):
        changed.detect_custom_labels(ProjectVersionArn=version, Image=image)


def test_accounts_see_nothing_of_each_other(server: Server, client: Client, rekognition: Any) -> None:
    arn = rekognition.create_project(ProjectName="private")["ProjectArn"]
    service = open_service(server.settings)
    account = users.add_account(service.database, "partner")
    users.add_user(service.database, account, "ben", ["Administrator"])
    key = keys.create_key(service.database, account, "ben")
    service.close()
    partner = client("rekognition", key=key)
    assert partner.describe_projects()["ProjectDescriptions"] == []
    assert partner.create_project(ProjectName="private")["ProjectArn"].split(":")[4] == account
    with pytest.raises(partner.exceptions.ResourceNotFoundException):
        partner.delete_project(ProjectArn=arn)
    assert rekognition.describe_projects(ProjectNames=["private"])["ProjectDescriptions"][0]["ProjectArn"] == arn


def test_a_client_that_leaves_in_the_middle_harms_nobody(wire: Wire) -> None:
    connection = http.client.HTTPConnection(wire.host)
    connection.putrequest("POST", "/")
    connection.putheader("X-Amz-Target", "RekognitionService.DescribeProjects")
    connection.putheader("Content-Length", "1000")
    connection.endheaders(b"{")
    connection.close()
    assert wire.call("DescribeProjects", {}).status == 200
