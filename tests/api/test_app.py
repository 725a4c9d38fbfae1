"""The one port: what goes where, and who gets in."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest
from botocore.exceptions import ClientError

from customlabels.service.access.keys import Key

from .conftest import Client, Wire


def test_a_browser_is_sent_to_the_console(wire: Wire) -> None:
    for accept in ("text/html,application/xhtml+xml;q=0.9", "*/*"):
        answer = wire.send("GET", "/", headers={"Accept": accept})
        assert (answer.status, answer.headers["location"]) == (307, "/console/")
    assert wire.send("GET", "/console/").status in (200, 404)
    assert wire.send("GET", "/console").status in (200, 307, 404)


def test_health_says_what_works(wire: Wire) -> None:
    answer = wire.send("GET", "/health")
    assert answer.status == 200
    assert answer.json["database"] == "ok"
    assert answer.json["version"]
    assert answer.json["workers"]
    assert wire.send("HEAD", "/health").body == b""


# checklist: L01
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/bucket/key"), ("PUT", "/bucket"), ("GET", "/bucket?list-type=2"), ("DELETE", "/b/k"), ("POST", "/b")],
)
def test_nothing_is_answered_without_a_signature(method: str, path: str, wire: Wire) -> None:
    answer = wire.send(method, path)
    assert answer.status == 403
    assert ElementTree.fromstring(answer.body).findtext("Code") == "AccessDenied"


def test_s3_is_answered_at_the_same_endpoint(client: Client) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="one-port")
    s3.put_object(Bucket="one-port", Key="a b/ü+%=.txt", Body=b"content")
    assert s3.get_object(Bucket="one-port", Key="a b/ü+%=.txt")["Body"].read() == b"content"
    assert [item["Key"] for item in s3.list_objects_v2(Bucket="one-port", Prefix="a ")["Contents"]] == ["a b/ü+%=.txt"]


def test_presigned_urls_of_s3_are_answered(client: Client, wire: Wire) -> None:
    s3 = client("s3", signature_version="s3v4")
    s3.create_bucket(Bucket="presigned")
    parameters = {"Bucket": "presigned", "Key": "k"}
    put = s3.generate_presigned_url("put_object", Params=parameters).removeprefix(wire.endpoint)
    assert wire.send("PUT", put, b"content").status == 200
    got = s3.generate_presigned_url("get_object", Params=parameters).removeprefix(wire.endpoint)
    assert wire.send("GET", got).body == b"content"
    changed = wire.send("GET", got.replace("/k?", "/other?"))
    assert (changed.status, b"SignatureDoesNotMatch" in changed.body) == (403, True)


# checklist: A03, A04, L01
@pytest.mark.parametrize(
    ("changed", "code", "status"),
    [
        ({"key": Key("AKIAIOSFODNN7EXAMPLE", "x")}, "InvalidAccessKeyId", 403),
        ({"secret": "wrong"}, "SignatureDoesNotMatch", 403),
        ({"token": "FwoGZXIvYXdzEJr"}, "InvalidToken", 400),
        ({"region": "eu-west-1"}, "AuthorizationHeaderMalformed", 400),
    ],
)
def test_s3_has_its_own_names_for_errors_of_signatures(
    changed: dict[str, Any], code: str, status: int, client: Client, wire: Wire
) -> None:
    if "secret" in changed:
        changed = {"key": Key(wire.key.id, changed["secret"])}
    with pytest.raises(ClientError) as caught:
        client("s3", **changed).list_buckets()
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert caught.value.response["ResponseMetadata"]["RequestId"]


def test_a_client_of_s3_is_told_the_region(client: Client) -> None:
    """Boto3 signs again for it by itself."""
    client("s3").create_bucket(Bucket="elsewhere")
    with pytest.raises(ClientError) as caught:
        client("s3", region="eu-west-1").list_buckets()
    assert caught.value.response["Error"]["Region"] == "us-east-1"
    assert client("s3", region="eu-west-1").list_objects_v2(Bucket="elsewhere")["KeyCount"] == 0


def test_old_signatures_and_expired_urls_of_s3_are_refused(wire: Wire) -> None:
    old = wire.send("GET", "/bucket", headers={"Authorization": f"AWS {wire.key.id}:frJIUN8DYpKDtOLCwo//yllqDzg="})
    assert (old.status, b"AWS4-HMAC-SHA256" in old.body) == (400, True)
    query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20200101T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host"
    scope = f"{wire.key.id}%2F20200101%2Fus-east-1%2Fs3%2Faws4_request"
    answer = wire.send("GET", f"/bucket/key?{query}&X-Amz-Credential={scope}&X-Amz-Signature={'0' * 64}")
    assert (answer.status, b"Request has expired" in answer.body) == (403, True)


@pytest.mark.parametrize(("service", "operation"), [("lambda", "list_functions"), ("dynamodb", "list_tables")])
def test_other_services_are_told_what_there_is(service: str, operation: str, client: Client) -> None:
    with pytest.raises(ClientError, match="Rekognition Custom Labels") as caught:
        getattr(client(service), operation)()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


@pytest.mark.parametrize("name", ["console", "health", "metrics"])
def test_what_the_server_answers_itself_is_no_bucket(name: str, client: Client) -> None:
    with pytest.raises(ClientError):
        client("s3").create_bucket(Bucket=name)


def test_only_names_of_this_server_are_answered(wire: Wire) -> None:
    """A web page whose name was pointed at the loopback reaches nothing."""
    target = {"X-Amz-Target": "RekognitionService.DescribeProjects"}
    for path in ("/", "/health", "/metrics", "/console/", "/bucket"):
        answer = wire.send("GET", path, headers={"Host": "evil.example:8321"})
        assert answer.status == 421
        assert b"CUSTOMLABELS_ALLOWED_HOSTS" in answer.body
    assert wire.send("POST", "/", b"{}", {"Host": "evil.example", **target}).status == 421
    assert wire.send("GET", "/health", headers={"Host": "LOCALHOST"}).status == 200
