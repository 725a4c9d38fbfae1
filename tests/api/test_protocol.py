"""Bodies of requests: JSON as the model's shapes want it, and nothing else."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from customlabels.api.errors import SerializationException
from customlabels.api.protocol import parse
from customlabels.service.errors import ValidationException

from .conftest import Wire

VERSION = "arn:aws:rekognition:us-east-1:111122223333:project/pets/version/1/1690474772815"


def test_members_are_parsed_to_the_types_of_their_shapes() -> None:
    body = {
        "ProjectVersionArn": VERSION,
        "Image": {"Bytes": base64.b64encode(b"\x89PNG").decode()},
        "MaxResults": 5.0,
        "MinConfidence": 50,
    }
    parsed = parse("DetectCustomLabels", json.dumps(body).encode())
    assert parsed == {
        "ProjectVersionArn": VERSION,
        "Image": {"Bytes": b"\x89PNG"},
        "MaxResults": 5,
        "MinConfidence": 50.0,
    }
    assert isinstance(parsed["MaxResults"], int)
    assert isinstance(parsed["MinConfidence"], float)


@pytest.mark.parametrize(
    ("body", "parsed"),
    [
        (b"{}", {}),
        (b' {"MaxResults": null, "ProjectNames": null}\n', {}),
        (b'{"Unknown": {"deep": [1, null]}, "MaxResults": 7}', {"MaxResults": 7}),
        ('{"ProjectNames": ["a"], "NextToken": "ü\\u00fc\\ud83d\\ude00"}'.encode(), {"NextToken": "üü😀"}),
    ],
)
def test_unknown_members_and_null_are_as_if_absent(body: bytes, parsed: dict[str, Any]) -> None:
    found = parse("DescribeProjects", body)
    found.pop("ProjectNames", None)
    assert found == parsed


MALFORMED = {
    "nothing": b"",
    "spaces": b" \n",
    "half": b'{"MaxResults": ',
    "two": b"{}{}",
    "single quotes": b"{'MaxResults': 5}",
    "comma": b'{"MaxResults": 5,}',
    "list": b"[]",
    "text": b'"{}"',
    "number": b"5",
    "null": b"null",
    "NaN": b'{"MaxResults": NaN}',
    "Infinity": b'{"MaxResults": -Infinity}',
    "huge float": b'{"MaxResults": 1e999}',
    "fraction": b'{"MaxResults": 5.5}',
    "33 bits": b'{"MaxResults": 4294967296}',
    "thousands of digits": b'{"MaxResults": ' + b"9" * 5000 + b"}",
    "number as text": b'{"MaxResults": "5"}',
    "boolean as number": b'{"MaxResults": true}',
    "text as list": b'{"ProjectNames": "a"}',
    "object as list": b'{"ProjectNames": {"a": 1}}',
    "null in a list": b'{"ProjectNames": [null]}',
    "list in a list": b'{"ProjectNames": [["a"]]}',
    "number as string": b'{"NextToken": 5}',
    "latin-1": '{"NextToken": "ü"}'.encode("latin-1"),
    "UTF-16": '{"NextToken": "a"}'.encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf{}",
    "lone surrogate": b'{"NextToken": "\\ud800"}',
    "NUL": b'{"NextToken": "\\u0000"}',
    "control character": b'{"NextToken": "\x01"}',
    "a member twice": b'{"MaxResults": 5, "MaxResults": 6}',
    "deep lists": b'{"Unknown": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep objects": b'{"a": ' * 100_000 + b"1" + b"}" * 100_000,
}


# checklist: A14
@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_json_of_these_types_is_a_serialization_exception(body: bytes, wire: Wire) -> None:
    with pytest.raises(SerializationException):
        parse("DescribeProjects", body)
    answer = wire.call("DescribeProjects", body)
    assert (answer.status, answer.error) == (400, "SerializationException")


@pytest.mark.parametrize("text", ["?", "YQ", "YQ=", "YQ==YQ==", "Y Q==", "YQ==\\n", "YQ-_", "ÿ", "YWJj\\ud800"])
def test_blobs_are_base64_and_nothing_else(text: str) -> None:
    body = f'{{"ProjectVersionArn": "{VERSION}", "Image": {{"Bytes": "{text}"}}}}'.encode()
    with pytest.raises(SerializationException, match=r"Image\.Bytes is not base64"):
        parse("DetectCustomLabels", body)


@pytest.mark.parametrize("tags", [[], "k=v", {"k": 1}, {"k": None}, {"k": ["v"]}])
def test_maps_are_objects_of_texts(tags: Any) -> None:
    with pytest.raises(SerializationException, match="Tags"):
        parse("CreateProject", json.dumps({"ProjectName": "a", "Tags": tags}).encode())


# checklist: A09, A10
def test_what_the_shapes_do_not_allow_is_a_validation_exception(wire: Wire) -> None:
    with pytest.raises(ValidationException, match=r"^1 validation error detected: Value '101' at 'maxResults'"):
        parse("DescribeProjects", b'{"MaxResults": 101}')
    answer = wire.call("DescribeProjects", {"MaxResults": 101})
    assert (answer.status, answer.error) == (400, "ValidationException")


def test_a_model_in_the_home_of_the_user_is_not_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Botocore also looks into ~/.aws/models and AWS_DATA_PATH: the contract must not depend on the user's files."""
    from customlabels.api.protocol import service_model

    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    folder = tmp_path / "rekognition" / "2099-01-01"
    folder.mkdir(parents=True)
    (folder / "service-2.json").write_text('{"metadata": {}, "operations": {}, "shapes": {}}')
    service_model.cache_clear()
    assert "DetectCustomLabels" in service_model().operation_names
