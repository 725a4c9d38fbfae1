"""Policies of users: which JSON is one, and the presets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from customlabels.api.rekognition import OPERATIONS
from customlabels.service.access.policies import PRESETS, PolicyError, parse, read
from customlabels.service.access.statements import Request, allowed

INFERENCE_ONLY = """{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
"Action":["rekognition:DetectCustomLabels"],"Resource":"arn:aws:rekognition:*:*:project/MyProject/version/MyVersion/*"}]}"""


def statement(**changed: Any) -> str:
    content = {"Effect": "Allow", "Action": "*", "Resource": "*"} | changed
    return json.dumps({"Statement": {name: value for name, value in content.items() if value is not None}})


# checklist: L02
def test_the_policy_of_the_guide_is_read() -> None:
    (found,) = parse(read(INFERENCE_ONLY))
    assert found.actions == ("rekognition:DetectCustomLabels",)
    assert found.resources == ("arn:aws:rekognition:*:*:project/MyProject/version/MyVersion/*",)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 10_000, "not JSON"),
        ("[]", "JSON object"),
        ("{}", "needs Statement"),
        ('{"Statement": []}', "needs Statement"),
        ('{"Statement": "Allow"}', "needs Statement"),
        ('{"Statement": [5]}', "Statement 1 must be"),
        ('{"Version": "2025-01-01", "Statement": []}', "2012-10-17"),
        (f'{{"Statement": [], "Id": "{"x" * 11_000}"}}', "10,240 are allowed"),
        ('{"Statement": {"Effect": "Deny", "Effect": "Allow", "Action": "*", "Resource": "*"}}', "more than once"),
        (statement(Effect=None), "Effect"),
        (statement(Effect="allow"), "Effect"),
        (statement(Action=None), "Action must be"),
        (statement(Action=[]), "Action must be"),
        (statement(Action=[5]), "Action must be"),
        (statement(Action="DetectCustomLabels"), "SERVICE:OPERATION"),
        (statement(Resource=None), "Resource must be"),
        (statement(Resource="photos/*"), "an ARN"),
        (statement(Resource="arn:aws:s3:::${aws:username}/*"), "policy variable"),
        (statement(NotAction="s3:*"), "NotAction, which is not supported"),
        (statement(NotResource="*"), "NotResource, which is not supported"),
        (statement(Principal="*"), "Principal, which is not supported"),
        (statement(Condition=[]), "Condition must be an object"),
        (statement(Condition={"StringEquals": "a"}), "Condition must be an object"),
        (statement(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}), "condition IpAddress is not supported"),
        (statement(Condition={"ForSome:StringLike": {"aws:TagKeys": "a"}}), "not supported"),
        (statement(Condition={"StringEquals": {"aws:SourceIp": "10.0.0.1"}}), "condition key aws:SourceIp"),
        (statement(Condition={"StringEquals": {"aws:TagKeysOfMine": "a"}}), "condition key aws:TagKeysOfMine"),
        (statement(Condition={"StringEquals": {"aws:TagKeys": "a"}}), "ForAnyValue: or ForAllValues:"),
        (statement(Condition={"StringEquals": {"aws:RequestTag/a": 5}}), "must be a text"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(PolicyError, match=reason):
        read(text)


CHANGES = {name for name in OPERATIONS if not name.startswith(("Describe", "List", "Detect"))}
LABELS = {"CreateDataset", "UpdateDatasetEntries", "DistributeDatasetEntries", "DeleteDataset"}
LOOKS = {name for name in OPERATIONS if name.startswith(("Describe", "List"))}


@pytest.mark.parametrize(
    ("preset", "operations", "s3"),
    [
        ("Administrator", set(OPERATIONS), {"GetObject", "PutObject", "DeleteObject", "CreateBucket", "ListBucket"}),
        ("Labeler", LOOKS | LABELS, {"GetObject", "PutObject", "ListBucket"}),
        ("Inference-only", {"DetectCustomLabels"}, {"GetObject"}),
        ("ReadOnly", LOOKS, {"GetObject", "ListBucket"}),
    ],
)
def test_presets_allow_what_they_promise(preset: str, operations: set[str], s3: set[str]) -> None:
    statements = parse(PRESETS[preset])
    arn = "arn:aws:rekognition:us-east-1:111122223333:project/pets/1690474772815"
    assert {name for name in OPERATIONS if allowed(statements, Request(f"rekognition:{name}", arn))} == operations
    objects = ("GetObject", "PutObject", "DeleteObject", "CreateBucket", "ListBucket")
    assert {name for name in objects if allowed(statements, Request(f"s3:{name}", "arn:aws:s3:::photos/a"))} == s3
