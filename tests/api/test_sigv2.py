"""Presigned URLs as boto3 makes them when nobody says how."""

from __future__ import annotations

import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from customlabels.api import sigv2
from customlabels.api.errors import ExpiredTokenException, IncompleteSignature, InvalidSignatureException
from customlabels.api.sigv4 import Request, Signature
from customlabels.service.errors import ServiceError

# The example of the manual, signed with its key, some hours before it expires.
KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
QUERY = f"AWSAccessKeyId={KEY}&Expires=1175139620&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D"
TIME = datetime.fromtimestamp(1175139620, UTC) - timedelta(hours=5)


def check(query: str = QUERY, method: str = "GET", path: str = "/johnsmith/photos/puppy.jpg") -> object:
    return sigv2.verify(Request(method, path, query, [("host", "x")]), {KEY: SECRET}.get, "us-east-1", TIME)


def test_the_example_of_the_manual_is_right() -> None:
    found = check()
    assert isinstance(found, Signature)
    assert (found.key_id, found.service, found.payload, found.presigned) == (KEY, "s3", "UNSIGNED-PAYLOAD", True)


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"method": "PUT"}, InvalidSignatureException),
        ({"path": "/johnsmith/photos/kitten.jpg"}, InvalidSignatureException),
        ({"query": QUERY.replace("1175139620", "1175139621")}, InvalidSignatureException),
        ({"query": QUERY + "&x-amz-meta-a=b"}, InvalidSignatureException),
        ({"query": QUERY.replace("1175139620", "1")}, ExpiredTokenException),
        ({"query": QUERY.replace("1175139620", "9175139620")}, ExpiredTokenException),
        ({"query": QUERY.replace("Expires=1175139620", "Expires=soon")}, IncompleteSignature),
        ({"query": f"AWSAccessKeyId={KEY}"}, IncompleteSignature),
        ({"query": QUERY + "&%74agging"}, InvalidSignatureException),
        ({"query": QUERY + "&%72esponse-content-type=text/html"}, InvalidSignatureException),
        ({"query": QUERY + "&encryption"}, IncompleteSignature),
        ({"query": QUERY + "&Expires=1175139620"}, IncompleteSignature),
        ({"query": QUERY.replace(KEY, "AKIANOBODY")}, ServiceError),
    ],
)
def test_anything_else_is_refused(changed: dict[str, str], error: type[ServiceError]) -> None:
    with pytest.raises(error):
        check(**changed)


def test_urls_of_boto3_put_and_get(client: Any) -> None:
    s3 = client("s3", s3={"addressing_style": "path"})
    s3.create_bucket(Bucket="presigned-v2")
    place = {"Bucket": "presigned-v2", "Key": "a b/ü+%.txt"}
    put = s3.generate_presigned_url("put_object", {**place, "ContentType": "text/plain"})
    get = s3.generate_presigned_url("get_object", {**place, "ResponseContentType": "text/x-mine"})
    assert "AWSAccessKeyId=" in put
    request = urllib.request.Request(put, b"hello", {"Content-Type": "text/plain"}, method="PUT")
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200
    with urllib.request.urlopen(get) as answer:
        assert (answer.read(), answer.headers["Content-Type"]) == (b"hello", "text/x-mine")
    listing = s3.generate_presigned_url("list_objects", {"Bucket": "presigned-v2"})
    with urllib.request.urlopen(listing) as answer:
        assert b"<Key>a" in answer.read()
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(get.replace("x-mine", "x-other"))
    assert refused.value.code == 403
    assert b"<Code>SignatureDoesNotMatch</Code>" in refused.value.read()
    refused.value.close()
