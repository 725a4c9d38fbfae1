"""Requests drawn from botocore's shapes, right ones and broken ones: a well-formed answer to each, and never a 500."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape
from hypothesis import given
from hypothesis import strategies as st

from customlabels.api.protocol import operation_model
from customlabels.api.rekognition import OPERATIONS

from .conftest import Answer, Client, Wire

BUCKET = "fuzzed"
LINE = json.dumps({"source-ref": f"s3://{BUCKET}/a.jpg"}).encode()
UNKNOWN = "arn:aws:rekognition:us-east-1:111122223333:project/pets{}/1690474772815"


@pytest.fixture(scope="session")
def known(client: Client) -> dict[str, list[Any]]:
    """Values that mean something to this server, by the names of their shapes."""
    s3, rekognition = client("s3"), client("rekognition")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="a.manifest", Body=LINE)
    project = rekognition.create_project(ProjectName="fuzzed", Tags={"team": "red"})["ProjectArn"]
    dataset = rekognition.create_dataset(ProjectArn=project, DatasetType="TRAIN")["DatasetArn"]
    policy = {"Effect": "Allow", "Principal": "*", "Action": "rekognition:CopyProjectVersion", "Resource": "*"}
    return {
        "ProjectName": ["fuzzed", "other", "x" * 255],
        "VersionName": ["v1", "fuzzed"],
        "ProjectArn": [project, UNKNOWN.format("")],
        "DatasetArn": [dataset, UNKNOWN.format("/dataset/train")],
        "ProjectVersionArn": [UNKNOWN.format("/version/v1")],
        "ResourceArn": [project, dataset, UNKNOWN.format(""), "x" * 20],
        "S3Bucket": [BUCKET, "absent", "..."],
        "S3ObjectName": ["a.manifest", "absent", "../../etc/passwd"],
        "ProjectPolicyDocument": [json.dumps({"Version": "2012-10-17", "Statement": [policy]}), "{}", "[]"],
        "GroundTruthBlob": [LINE, b"{}", b"\xff\xfe", b"\n" * 100, b'{"source-ref": null}', LINE + b"\n" + LINE],
        "ImageBlob": [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n" + bytes(100)],
        "ExtendedPaginationToken": ["", "AAAA", "x" * 1024],
    }


# checklist: A14
@pytest.mark.parametrize("operation", OPERATIONS)
@given(data=st.data())
def test_every_request_gets_a_well_formed_answer(
    operation: str, data: st.DataObject, wire: Wire, known: dict[str, list[Any]]
) -> None:
    shape = operation_model(operation).input_shape
    body = data.draw(st.one_of(_structure(shape, known), _structure(shape, known, broken=True), _JUNK), label="body")
    _check(wire.call(operation, json.dumps(body).encode()))


# checklist: A14
@pytest.mark.parametrize("operation", OPERATIONS)
@given(data=st.data())
def test_every_body_gets_a_well_formed_answer(
    operation: str, data: st.DataObject, wire: Wire, known: dict[str, list[Any]]
) -> None:
    """Bytes that are no JSON, or JSON with bytes taken out, put in, or changed."""
    body = json.dumps(data.draw(_structure(operation_model(operation).input_shape, known))).encode()
    start = data.draw(st.integers(0, len(body)))
    end = data.draw(st.integers(start, min(len(body), start + 8)))
    changed = body[:start] + data.draw(st.binary(max_size=8)) + body[end:]
    _check(wire.call(operation, data.draw(st.one_of(st.just(changed), st.binary(max_size=50)), label="body")))


def _check(answer: Answer) -> None:
    assert answer.headers["x-amzn-requestid"]
    if answer.status == 200:
        assert isinstance(answer.json, dict)
    else:
        assert answer.status == 400
        assert answer.error.isidentifier()


_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
_ODD = ["", " ", "\0", "\ud800", "%s", "'; DROP TABLE projects; --", "../..", "ü" * 300, "x" * 5000, "\u202e", "null"]


def _structure(shape: Shape, known: dict[str, list[Any]], broken: bool = False) -> st.SearchStrategy[dict[str, Any]]:
    assert isinstance(shape, StructureShape)
    members = {name: _value(member, known, broken) for name, member in shape.members.items()}
    if broken:
        return st.fixed_dictionaries({}, optional={name: member | _JUNK for name, member in members.items()})
    required = {name: members.pop(name) for name in shape.required_members}
    return st.fixed_dictionaries(required, optional=members)


def _value(shape: Shape, known: dict[str, list[Any]], broken: bool) -> st.SearchStrategy[Any]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    match shape:
        case StructureShape():
            return _structure(shape, known, broken)
        case ListShape():
            return st.lists(
                _value(shape.member, known, broken), min_size=0 if broken else least or 0, max_size=most or 4
            )
        case MapShape():
            keys = st.sampled_from(["team", "customlabels:effort", "customlabels:seed", "ü"])
            return st.dictionaries(keys | st.text(max_size=9), _value(shape.value, known, broken), max_size=4)
    match shape.type_name:
        case "blob":
            blobs = st.sampled_from(known[shape.name]) | st.binary(min_size=0 if broken else 1, max_size=200)
            return blobs.map(lambda content: base64.b64encode(content).decode())
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers() if broken else st.integers(least, most if most is not None else 2**31 - 1)
        case "float":
            return st.floats() if broken else st.floats(least, most, width=32)
        case _:
            enum = list(getattr(shape, "enum", []))
            likely = st.sampled_from(known.get(shape.name) or enum or ["fuzzed", "a b"])
            return likely | st.text(max_size=30) | st.sampled_from(_ODD) if broken else likely
