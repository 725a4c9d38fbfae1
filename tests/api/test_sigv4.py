"""Signatures of AWS's own examples and of botocore's signers are accepted; anything changed on the way is not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from customlabels.api.sigv4 import Request, Signature, verify
from customlabels.service.errors import ServiceError

KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
EMPTY = hashlib.sha256(b"").hexdigest()
HOST = "127.0.0.1:8321"


def check(request: Request, body: bytes = b"", now: datetime | None = None, secret: str = SECRET) -> Signature:
    """As the server checks a request whose body has come."""
    keys = {KEY: secret, "AKIDEXAMPLE": secret}
    return verify(request, lambda: hashlib.sha256(body).hexdigest(), keys.get, now)


def refusal(request: Request, body: bytes = b"", now: datetime | None = None) -> str:
    with pytest.raises(ServiceError) as caught:
        check(request, body, now)
    return caught.value.code


def signed(
    signer: type[SigV4Auth] = SigV4Auth,
    service: str = "rekognition",
    method: str = "POST",
    url: str = f"http://{HOST}/",
    body: bytes = b"",
    headers: dict[str, str] | None = None,
) -> Request:
    """What a client that uses this signer of botocore would send."""
    request = AWSRequest(method, url, {"Host": HOST} | (headers or {}), body)
    signer(Credentials(KEY, SECRET), service, "us-east-1").add_auth(request)
    return received(request)


def received(request: AWSRequest) -> Request:
    parts = urlsplit(request.url)
    headers = [(name.lower(), value) for name, value in request.headers.items()]
    return Request(request.method, parts.path or "/", parts.query, headers)


def call(body: bytes = b"{}", **headers: str) -> Request:
    """A call of Rekognition as boto3 signs it."""
    target = "RekognitionService.DescribeProjects"
    kind = "application/x-amz-json-1.1"
    return signed(headers={"Content-Type": kind, "X-Amz-Target": target} | headers, body=body)


# --- AWS's published examples


SUITE = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
SUITE_SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
FORM = ("content-type", "application/x-www-form-urlencoded")


# The test suite of Signature Version 4: method, path, query, further headers, body, signature.
@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "body", "expected"),
    [
        ("GET", "/", "", [], b"", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", "/", "", [], b"", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            "GET",
            "/",
            "Param2=value2&Param1=value1",
            [],
            b"",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            "GET",
            "/",
            "",
            [("my-header1", " value1"), ("my-header2", ' "a   b   c"')],
            b"",
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        ),
        (
            "GET",
            "/",
            "",
            [("my-header1", "value2"), ("my-header1", "value2"), ("my-header1", "value1")],
            b"",
            "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
        ),
        (
            "POST",
            "/",
            "",
            [FORM],
            b"Param1=value1",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
    ],
    ids=["get", "post", "query-order", "header-trim", "header-twice", "form"],
)
def test_signatures_of_the_test_suite_are_right(
    method: str, path: str, query: str, headers: list[tuple[str, str]], body: bytes, expected: str
) -> None:
    sent = [*headers, ("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z")]
    names = ";".join(sorted({name for name, _ in sent}))
    scope = "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request"
    words = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature={expected}"
    request = Request(method, path, query, [*sent, ("authorization", words)])
    assert check(request, body, SUITE, SUITE_SECRET).signature == expected


S3_TIME = datetime(2013, 5, 24, tzinfo=UTC)
S3_HOST = ("host", "examplebucket.s3.amazonaws.com")


# Of "Authenticating Requests (AWS Signature Version 4)" in the S3 API reference.
@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "payload", "expected"),
    [
        (
            "GET",
            "/test.txt",
            "",
            [("range", "bytes=0-9")],
            EMPTY,
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "PUT",
            "/test%24file.text",
            "",
            [("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
            "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            "GET",
            "/",
            "lifecycle",
            [],
            EMPTY,
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            "GET",
            "/",
            "max-keys=2&prefix=J",
            [],
            EMPTY,
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
    ids=["get", "put", "lifecycle", "list"],
)
def test_signatures_of_the_manual_of_s3_are_right(
    method: str, path: str, query: str, headers: list[tuple[str, str]], payload: str, expected: str
) -> None:
    sent = [*headers, S3_HOST, ("x-amz-content-sha256", payload), ("x-amz-date", "20130524T000000Z")]
    names = ";".join(sorted(name for name, _ in sent))
    scope = f"{KEY}/20130524/us-east-1/s3/aws4_request"
    words = f"AWS4-HMAC-SHA256 Credential={scope},SignedHeaders={names},Signature={expected}"
    found = check(Request(method, path, query, [*sent, ("authorization", words)]), now=S3_TIME)
    assert (found.payload, found.presigned, found.service) == (payload, False, "s3")


def presigned_example(**changed: str) -> Request:
    parameters = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{KEY}%2F20130524%2Fus-east-1%2Fs3%2Faws4_request",
        "X-Amz-Date": "20130524T000000Z",
        "X-Amz-Expires": "86400",
        "X-Amz-SignedHeaders": "host",
        "X-Amz-Signature": "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
    } | {name.replace("_", "-"): value for name, value in changed.items()}
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    return Request("GET", "/test.txt", query, [S3_HOST])


def test_the_presigned_url_of_the_manual_is_right() -> None:
    found = check(presigned_example(), now=S3_TIME + timedelta(hours=23, minutes=59))
    assert (found.payload, found.presigned) == ("UNSIGNED-PAYLOAD", True)


# --- What clients send


# checklist: A02
def test_a_call_of_boto3_is_accepted() -> None:
    found = check(call(b"{}"), b"{}")
    assert (found.key_id, found.service, found.region, found.presigned) == (KEY, "rekognition", "us-east-1", False)
    assert found.scope == f"{found.timestamp[:8]}/us-east-1/rekognition/aws4_request"
    assert found.payload == hashlib.sha256(b"{}").hexdigest()


PATHS = ["/", "/bucket/key", "/b/a%20b", "/b/a//b/", "/b/%C3%BC%2B%25", "/b/a/../c", "/b/a=b", "/b/~x-_."]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("query", ["", "list-type=2&prefix=a%2Fb%20c", "uploads", "a=2&a=1&b="])
@pytest.mark.parametrize("signer", [S3SigV4Auth, S3SigV4QueryAuth])
def test_s3_requests_of_botocore_are_accepted(signer: type[SigV4Auth], path: str, query: str) -> None:
    if signer is S3SigV4QueryAuth:
        query = query.replace("uploads", "uploads=").replace("a=2&", "")  # the signer of URLs keeps no more than that
    request = signed(signer, "s3", "GET", f"http://{HOST}{path}?{query}")
    assert check(request).presigned == (signer is S3SigV4QueryAuth)


def test_a_key_may_be_encoded_less_than_its_signature_has_it() -> None:
    """AWS decodes a path and encodes it its own way; some clients send "=" and sign "%3D"."""
    request = signed(S3SigV4Auth, "s3", "GET", f"http://{HOST}/bucket/a%3Db")
    assert check(replace(request, path="/bucket/a=b")).service == "s3"


def test_a_presigned_identity_is_accepted() -> None:
    """As `aws eks get-token` makes it."""
    url = f"http://{HOST}/?Action=GetCallerIdentity&Version=2011-06-15"
    assert check(signed(SigV4QueryAuth, "sts", "GET", url)).service == "sts"


def test_white_space_and_order_of_headers_do_not_matter() -> None:
    request = call(b"{}")
    headers = [(name, f"  {value} ") for name, value in reversed(request.headers)]
    assert check(replace(request, headers=headers), b"{}").key_id == KEY


def test_the_date_may_be_in_the_header_date() -> None:
    request = call(b"{}", Date="Mon, 23 Nov 2026 05:00:00 GMT")
    assert "x-amz-date" not in dict(request.headers)
    assert check(request, b"{}").timestamp.endswith("Z")


@pytest.mark.parametrize("payload", ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"])
def test_a_body_of_s3_may_be_signed_in_other_ways(payload: str) -> None:
    request = AWSRequest("PUT", f"http://{HOST}/bucket/key", {"Host": HOST})
    signer = S3SigV4Auth(Credentials(KEY, SECRET), "s3", "us-east-1")
    signer.payload = lambda _: payload
    signer.add_auth(request)
    found = check(received(request))
    assert found.payload == payload
    assert len(found.signing_key) == 32


# --- What is refused


Change = Callable[[Request], Request]


def header(name: str, value: str | None) -> Change:
    """Give a header another value; None removes it."""

    def change(request: Request) -> Request:
        others = [(key, old) for key, old in request.headers if key != name]
        return replace(request, headers=others if value is None else [*others, (name, value)])

    return change


def authorization(old: str, new: str) -> Change:
    def change(request: Request) -> Request:
        text = dict(request.headers)["authorization"]
        assert old in text
        return header("authorization", text.replace(old, new))(request)

    return change


# checklist: A03, A04
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (header("authorization", None), "MissingAuthenticationTokenException"),
        (header("authorization", ""), "MissingAuthenticationTokenException"),
        (header("authorization", "AWS AKIAIOSFODNN7EXAMPLE:frJIUN8DYpKDtOLCwo"), "IncompleteSignature"),
        (header("authorization", "Basic YWRtaW46YWRtaW4="), "IncompleteSignature"),
        (header("authorization", "AWS4-HMAC-SHA256"), "IncompleteSignature"),
        (header("authorization", "AWS4-HMAC-SHA256 Credential=,SignedHeaders=,Signature="), "IncompleteSignature"),
        (authorization("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), "IncompleteSignature"),
        (authorization("SignedHeaders=", "Signed="), "IncompleteSignature"),
        (authorization("/aws4_request", "/aws3_request"), "IncompleteSignature"),
        (authorization("/us-east-1/rekognition/", "/us-east-1/"), "IncompleteSignature"),
        (authorization("/us-east-1/", "/us-east-1/x/"), "IncompleteSignature"),
        (authorization(KEY, "AKIAIOSFODNN7UNKNOWN"), "UnrecognizedClientException"),
        (authorization(KEY, KEY.lower()), "UnrecognizedClientException"),
        (authorization("/us-east-1/", "/us-east-2/"), "InvalidSignatureException"),
        (authorization("/rekognition/", "/sts/"), "InvalidSignatureException"),
        (authorization("host;", ""), "InvalidSignatureException"),
        (authorization(";x-amz-target", ""), "InvalidSignatureException"),
        (authorization("SignedHeaders=", "SignedHeaders=x-absent;"), "InvalidSignatureException"),
        (header("x-amz-date", None), "IncompleteSignature"),
        (header("x-amz-date", "yesterday"), "InvalidSignatureException"),
        (header("x-amz-date", f"{datetime.now(UTC):%Y%m%d}T"), "IncompleteSignature"),
        (header("host", "127.0.0.1"), "InvalidSignatureException"),
        (header("host", "127.0.0.1:8322"), "InvalidSignatureException"),
        (header("x-amz-target", "RekognitionService.DeleteProject"), "InvalidSignatureException"),
        (header("content-type", "text/plain"), "InvalidSignatureException"),
        (header("x-amz-security-token", "FwoGZXIvYXdzEJr"), "UnrecognizedClientException"),
        (header("x-amz-content-sha256", "UNSIGNED-PAYLOAD"), "InvalidSignatureException"),
        (lambda request: replace(request, method="PUT"), "InvalidSignatureException"),
        (lambda request: replace(request, path="/other"), "InvalidSignatureException"),
        (lambda request: replace(request, query="a=b"), "InvalidSignatureException"),
    ],
)
def test_what_was_changed_on_the_way_is_refused(change: Change, code: str) -> None:
    assert check(call(), b"{}").key_id == KEY
    assert refusal(change(call()), b"{}") == code


@pytest.mark.parametrize(
    ("service", "region", "reason"),
    [("s3", "us-east-1", "correct service: 's3'"), ("rekognition", "eu-west-1", "valid region.*'eu-west-1'")],
)
def test_a_signature_for_another_service_or_region_is_refused(service: str, region: str, reason: str) -> None:
    with pytest.raises(ServiceError, match=reason) as caught:
        verify(call(), lambda: EMPTY, {KEY: SECRET}.get, service=service, region=region)
    assert caught.value.code == "InvalidSignatureException"


def test_a_request_of_s3_says_what_its_body_is() -> None:
    request = signed(SigV4Auth, "s3", "PUT", f"http://{HOST}/bucket/key")
    with pytest.raises(ServiceError, match="Missing required header for this request: x-amz-content-sha256"):
        check(request)


# checklist: A03
def test_another_secret_or_body_is_refused() -> None:
    with pytest.raises(ServiceError, match="does not match"):
        check(call(b"{}"), b"{}", secret=SECRET.swapcase())
    assert refusal(call(b"{}"), b"[]") == "InvalidSignatureException"


def test_signatures_are_compared_in_a_time_that_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(expected: bytes, given: bytes) -> bool:
        compared.append((expected, given))
        return False

    monkeypatch.setattr("customlabels.api.sigv4.hmac.compare_digest", compare)
    with pytest.raises(ServiceError, match="does not match"):
        check(call(b"{}"), b"{}")
    assert [len(side) for pair in compared for side in pair] == [64, 64]


def test_a_second_header_of_a_name_that_counts_once_is_refused() -> None:
    """Else a proxy and this server could disagree on which of them it is."""
    for name in ("authorization", "host", "x-amz-date", "x-amz-target"):
        request = call(b"{}")
        twice = replace(request, headers=[*request.headers, (name, dict(request.headers)[name])])
        assert refusal(twice, b"{}") in ("IncompleteSignature", "InvalidSignatureException")


@given(data=st.data())
def test_no_byte_of_a_signed_request_can_be_changed(data: st.DataObject) -> None:
    request = call(b'{"MaxResults": 5}')
    signed_names = ("host", "x-amz-date", "x-amz-target", "content-type")
    place = data.draw(st.sampled_from([*signed_names, "body", "signature"]))
    headers, body = dict(request.headers), b'{"MaxResults": 5}'
    if place == "body":
        at = data.draw(st.integers(0, len(body) - 1))
        body = body[:at] + bytes([data.draw(st.integers(0, 255).filter(lambda b: b != body[at]))]) + body[at + 1 :]
    else:
        name = "authorization" if place == "signature" else place
        text = headers[name]
        first = text.index("Signature=") + 10 if place == "signature" else 0
        at = data.draw(st.integers(first, len(text) - 1))
        other = data.draw(st.characters(codec="latin-1", categories=["L", "N", "P"]).filter(lambda c: c != text[at]))
        headers[name] = text[:at] + other + text[at + 1 :]
    assert check(request, b'{"MaxResults": 5}').key_id == KEY
    with pytest.raises(ServiceError):
        check(replace(request, headers=list(headers.items())), body)


# --- Time


@pytest.mark.parametrize(
    ("signer", "service", "seconds", "code"),
    [
        (SigV4Auth, "rekognition", 299, None),
        (SigV4Auth, "rekognition", -299, None),
        (SigV4Auth, "rekognition", 301, "InvalidSignatureException"),
        (SigV4Auth, "rekognition", -301, "InvalidSignatureException"),
        (S3SigV4Auth, "s3", 899, None),
        (S3SigV4Auth, "s3", 901, "RequestTimeTooSkewed"),
        (S3SigV4Auth, "s3", -901, "RequestTimeTooSkewed"),
    ],
)
def test_clocks_may_differ_by_minutes(signer: Any, service: str, seconds: int, code: str | None) -> None:
    request = signed(signer, service, "GET")
    stamp = datetime.strptime(dict(request.headers)["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    now = stamp + timedelta(seconds=seconds)
    if code is None:
        assert check(request, now=now).key_id == KEY
    else:
        assert refusal(request, now=now) == code


@pytest.mark.parametrize(
    ("changed", "after", "reason"),
    [
        ({}, timedelta(hours=24, seconds=1), "Request has expired"),
        ({}, timedelta(minutes=-16), "not yet current"),
        ({"X_Amz_Expires": "604801"}, timedelta(), "604800"),
        ({"X_Amz_Expires": "0"}, timedelta(), "604800"),
        ({"X_Amz_Expires": "000000001999999999"}, timedelta(), "604800"),
        ({"X_Amz_Expires": "many"}, timedelta(), "604800"),
        ({"X_Amz_Expires": "86401"}, timedelta(), "does not match"),
        ({"X_Amz_Signature": "0" * 64}, timedelta(), "does not match"),
        ({"X_Amz_SignedHeaders": "range"}, timedelta(), "[Hh]ost"),
        ({"X_Amz_Date": "20130525T000000Z"}, timedelta(days=1), "date"),
        ({"X_Amz_Algorithm": "AWS4-HMAC-MD5"}, timedelta(), "AWS4-HMAC-SHA256"),
        ({"X_Amz_Credential": f"{KEY}/20130524"}, timedelta(), "redential"),
        ({"X_Amz_Security_Token": "FwoGZXIvYXdzEJr"}, timedelta(), "token"),
        ({"prefix": "b"}, timedelta(), "does not match"),
    ],
)
def test_presigned_urls_end_and_cannot_be_changed(changed: dict[str, str], after: timedelta, reason: str) -> None:
    with pytest.raises(ServiceError, match=reason):
        check(presigned_example(**changed), now=S3_TIME + after)


def test_headers_of_s3_that_mean_something_must_be_signed() -> None:
    request = signed(S3SigV4Auth, "s3", "PUT", f"http://{HOST}/bucket/key")
    for name in ("x-amz-acl", "x-amz-copy-source", "x-amz-meta-a"):
        with pytest.raises(ServiceError, match="not signed"):
            check(header(name, "x")(request))
