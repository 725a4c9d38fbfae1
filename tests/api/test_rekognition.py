"""Calls of Rekognition by boto3 and by hand: which operations there are, and how they end."""

from __future__ import annotations

import inspect
import json
import re
import uuid
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from customlabels.api.protocol import operation_model, service_model
from customlabels.api.rekognition import OPERATIONS

from .conftest import Client, Wire

PROJECT = "arn:aws:rekognition:us-east-1:111122223333:project/pets/1690474772815"


def unique(name: str) -> str:
    return f"{name}-{uuid.uuid4().hex[:8]}"


# checklist: A01
@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_has_a_verb_with_the_members_of_its_request(operation: str) -> None:
    verb = getattr(import_module(f"customlabels.service.{OPERATIONS[operation]}"), xform_name(operation))
    parameters = inspect.signature(verb).parameters
    shape = operation_model(operation).input_shape
    assert shape is not None
    assert {name for name, p in parameters.items() if p.kind is p.KEYWORD_ONLY} >= {
        xform_name(name) for name in shape.members
    }
    for name in shape.members:
        required = parameters[xform_name(name)].default is inspect.Parameter.empty
        assert required == (name in shape.required_members), name


# checklist: A01
@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_is_answered_at_its_target(operation: str, wire: Wire) -> None:
    """Without its required members: the answer comes from the operation's own shape."""
    answer = wire.call(operation, {})
    required = operation_model(operation).input_shape.required_members
    if required:
        assert (answer.status, answer.error) == (400, "ValidationException")
        for name in required:
            assert f"'{name[0].lower()}{name[1:]}'" in answer.json["Message"]
    else:
        assert answer.status == 200
        assert answer.headers["content-type"] == "application/x-amz-json-1.1"


# checklist: A02, A06, A08, A11, B01
def test_boto3_creates_and_describes_a_project(rekognition: Any) -> None:
    name = unique("pets")
    created = rekognition.create_project(ProjectName=name)
    described = rekognition.describe_projects(ProjectNames=[name])
    (project,) = described["ProjectDescriptions"]
    assert project["ProjectArn"] == created["ProjectArn"]
    pattern = operation_model("DeleteProject").input_shape.members["ProjectArn"].metadata["pattern"]
    assert re.fullmatch(pattern, project["ProjectArn"])
    moment = datetime.fromtimestamp(int(project["ProjectArn"].rpartition("/")[2]) / 1000, UTC)
    assert abs(moment - project["CreationTimestamp"]) < timedelta(milliseconds=1)
    assert abs(datetime.now(UTC) - project["CreationTimestamp"]) < timedelta(seconds=2)
    ids = {answer["ResponseMetadata"]["RequestId"] for answer in (created, described)}
    assert len({uuid.UUID(id) for id in ids}) == 2


# checklist: A05, A06, A07
def test_errors_are_those_of_the_model(rekognition: Any) -> None:
    with pytest.raises(rekognition.exceptions.ResourceNotFoundException) as caught:
        rekognition.delete_project(ProjectArn=PROJECT)
    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert uuid.UUID(response["ResponseMetadata"]["RequestId"])
    assert response["Error"]["Code"] == "ResourceNotFoundException"
    assert "pets" in response["Error"]["Message"]


# checklist: A10
@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("describe_projects", {}),
        ("describe_project_versions", {"ProjectArn": PROJECT}),
        ("list_dataset_entries", {"DatasetArn": PROJECT.replace("pets/", "pets/dataset/train/")}),
        ("list_dataset_labels", {"DatasetArn": PROJECT.replace("pets/", "pets/dataset/train/")}),
        ("list_project_policies", {"ProjectArn": PROJECT}),
    ],
)
def test_no_page_has_more_than_100_items(rekognition: Any, operation: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="less than or equal to") as caught:
        getattr(rekognition, operation)(**parameters, MaxResults=101)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


@pytest.mark.parametrize(
    ("target", "named"),
    [
        ("RekognitionService.DetectLabels", "CreateProject"),
        ("RekognitionService.CompareFaces", "DetectCustomLabels"),
        ("RekognitionService.Nonsense", "no operation 'Nonsense'"),
        ("RekognitionService.", "no operation"),
        ("RekognitionService", "no operation"),
        ("DynamoDB_20120810.ListTables", "Custom Labels"),
        ("AWSCognitoIdentityService.GetId", "GetCallerIdentity"),
        ("../../x", "Custom Labels"),
        ("", "Custom Labels"),
    ],
)
def test_other_operations_and_services_are_told_what_there_is(target: str, named: str, wire: Wire) -> None:
    kind = "application/x-amz-json-1.1"
    headers = wire.signed("POST", "/", b"{}", "rekognition", Content_Type=kind, X_Amz_Target=target)
    answer = wire.send("POST", "/", b"{}", headers)
    assert (answer.status, answer.error) == (400, "UnknownOperationException")
    assert named in answer.json["Message"]


def test_all_other_operations_of_rekognition_are_known_and_refused(rekognition: Any) -> None:
    others = set(service_model().operation_names) - OPERATIONS.keys()
    assert len(others) > 40
    with pytest.raises(ClientError, match="DetectLabels is not supported"):
        rekognition.detect_labels(Image={"Bytes": b"x"})


@pytest.mark.parametrize(("method", "path"), [("PUT", "/"), ("POST", "/other"), ("DELETE", "/")])
def test_operations_are_called_by_post_to_the_root(method: str, path: str, wire: Wire) -> None:
    headers = wire.signed(method, path, b"{}", "rekognition", X_Amz_Target="RekognitionService.DescribeProjects")
    answer = wire.send(method, path, b"{}", headers)
    assert (answer.status, answer.error) == (400, "UnknownOperationException")


@pytest.mark.parametrize("kind", ["application/x-amz-json-1.0", "application/json", "text/plain"])
def test_the_content_type_does_not_matter(kind: str, wire: Wire) -> None:
    target = "RekognitionService.DescribeProjects"
    headers = wire.signed("POST", "/", b"{}", "rekognition", Content_Type=kind, X_Amz_Target=target)
    assert wire.send("POST", "/", b"{}", headers).status == 200


# checklist: I15
def test_a_body_that_is_too_large_is_refused_and_its_client_learns_why(rekognition: Any, wire: Wire) -> None:
    arn = PROJECT.replace("pets/", "pets/version/1/")
    with pytest.raises(rekognition.exceptions.ImageTooLargeException):
        rekognition.detect_custom_labels(ProjectVersionArn=arn, Image={"Bytes": bytes(16_000_000)})
    answer = wire.call("DescribeProjects", b'{"NextToken": "' + b"x" * 10_000_000 + b'"}')
    assert (answer.status, answer.error) == (400, "RequestEntityTooLargeException")
    assert "8,388,608" in answer.json["Message"]


# checklist: A09
def test_five_megabytes_of_changes_fit_into_a_request(rekognition: Any) -> None:
    arn = PROJECT.replace("pets/", "pets/dataset/train/")
    with pytest.raises(rekognition.exceptions.ResourceNotFoundException):
        rekognition.update_dataset_entries(DatasetArn=arn, Changes={"GroundTruth": b" " * 5_242_880})
    with pytest.raises(ClientError, match=r"5,242,881 bytes.* at 'changes\.groundTruth'") as caught:
        rekognition.update_dataset_entries(DatasetArn=arn, Changes={"GroundTruth": b" " * 5_242_881})
    assert caught.value.response["Error"]["Code"] == "ValidationException"


# checklist: A03, A04
def test_only_keys_of_this_server_are_accepted(client: Client, wire: Wire) -> None:
    from customlabels.service.access.keys import Key

    key = wire.key
    for wrong, code in (
        (Key(key.id, "x" * 40), "InvalidSignatureException"),
        (Key("AKIAIOSFODNN7EXAMPLE", key.secret), "UnrecognizedClientException"),
        (Key("nobody", key.secret), "UnrecognizedClientException"),
    ):
        with pytest.raises(ClientError) as caught:
            client("rekognition", key=wrong).create_project(ProjectName="never")
        assert caught.value.response["Error"]["Code"] == code
    with pytest.raises(ClientError, match="session tokens") as caught:
        client("rekognition", token="FwoGZXIvYXdzEJr").create_project(ProjectName="never")
    assert caught.value.response["Error"]["Code"] == "UnrecognizedClientException"
    with pytest.raises(ClientError, match=r"valid region.*'us-east-1'.*'eu-west-1'") as caught:
        client("rekognition", region="eu-west-1").create_project(ProjectName="never")
    assert caught.value.response["Error"]["Code"] == "InvalidSignatureException"
    bare = wire.send("POST", "/", b'{"ProjectName": "never"}', {"X-Amz-Target": "RekognitionService.CreateProject"})
    assert (bare.status, bare.error) == (400, "MissingAuthenticationTokenException")
    assert client("rekognition").describe_projects(ProjectNames=["never"])["ProjectDescriptions"] == []


# checklist: A03
def test_a_body_that_was_not_signed_is_refused(wire: Wire) -> None:
    target = "RekognitionService.CreateProject"
    for service in ("rekognition", "s3"):
        headers = wire.signed("POST", "/", b'{"ProjectName": "signed"}', service, X_Amz_Target=target)
        answer = wire.send("POST", "/", b'{"ProjectName": "forged"}', headers)
        assert (answer.status, answer.error) == (400, "InvalidSignatureException")
    unsigned = {"X_Amz_Target": target, "X_Amz_Content_SHA256": "UNSIGNED-PAYLOAD"}
    headers = wire.signed("POST", "/", b"", "rekognition", **unsigned)
    assert wire.send("POST", "/", b'{"ProjectName": "forged"}', headers).error == "InvalidSignatureException"


def test_answers_are_json_that_every_client_can_read(wire: Wire, rekognition: Any) -> None:
    name = unique("json")
    arn = rekognition.create_project(ProjectName=name, Tags={"Größe": "größer"})["ProjectArn"]
    answer = wire.call("ListTagsForResource", {"ResourceArn": arn})
    assert answer.body.isascii()
    assert json.loads(answer.body) == {"Tags": {"Größe": "größer"}}
