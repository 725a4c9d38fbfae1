"""Requests that no client would send: broken in their bytes, or well-formed and signed with nonsense in them."""

from __future__ import annotations

import json
import random
from typing import Any
from urllib.parse import quote

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from customlabels.api.rekognition import OPERATIONS

from . import seeds
from .mutation import mutated, shuffled
from .watched import API, BUCKET

REGION = "us-east-1"
_ODD = (
    "",
    " ",
    "\0",
    "\ud800",
    "%s",
    "'; DROP TABLE projects; --",
    "../..",
    "ü" * 300,
    "x" * 5000,
    "\u202e",
    -1,
    2**63,
)
_JUNK: tuple[Any, ...] = (
    *_ODD,
    1e308,
    None,
    True,
    [],
    {},
    [[[]]],
    {"S3Object": {"Bucket": "..", "Name": "\0"}},
    "AAAA",
    "a" * 40,
)
_MEMBERS = (
    "ProjectArn",
    "ProjectName",
    "DatasetArn",
    "DatasetType",
    "Image",
    "MaxResults",
    "NextToken",
    "Tags",
    "Label",
)
_XML = (
    '<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a</Key></Object></Delete>',
    "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>",
    "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>",
    "<CreateBucketConfiguration><LocationConstraint>eu</LocationConstraint></CreateBucketConfiguration>",
    '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><Delete><Object><Key>&b;</Key></Object></Delete>',
    "<Delete>" + "<a>" * 1000,
    '<?xml version="1.0" encoding="utf-7"?><Delete/>',
)
_QUERIES = (
    "",
    "delete",
    "uploads",
    "uploadId=x",
    "uploadId=x&partNumber=1",
    "tagging",
    "list-type=2",
    "acl",
    "cors",
    "list-type=2&max-keys=-1",
    "partNumber=99999999999999",
    "versionId=x",
    "prefix=%ff",
    "continuation-token=x",
    "max-keys=0x10",
    "encoding-type=url&delimiter=%00",
    "response-content-type=text/html%0d%0aSet-Cookie:a=b",
)
_CHUNKS = (
    b"5\r\nhello\r\n0\r\n\r\n",
    b"zz\r\n",
    b"ffffffffffffffff\r\n",
    b"5;x=" + b"y" * 70_000 + b"\r\nhello\r\n0\r\n\r\n",
    b"-1\r\nx\r\n",
    b"0\r\nHost: evil\r\n\r\n",
    b"5\r\nhel",
    b"5\nhello\n0\n\n",
    b"05\r\nhello\r\n0\r\n\r\n\r\n\r\n",
)
_LINES = (
    b"GET  /  HTTP/1.1",
    b"GET / HTTP/9.9",
    b"GET /\x00 HTTP/1.1",
    b"\x16\x03\x01\x02\x00\x01",
    b"GET",
    b"G\xffT / HTTP/1.1",
    b"CONNECT a:1 HTTP/1.1",
    b"GET http://evil/ HTTP/1.1",
    b"PRI * HTTP/2.0",
    b"POST /%zz%00%ff?%%% HTTP/1.1",
    b"GET /" + b"a" * 70_000 + b" HTTP/1.1",
    b"OPTIONS * HTTP/1.1",
    b"GET /console/%2e%2e/%2e%2e/etc/passwd HTTP/1.1",
)
_FIELDS = (
    b"Content-Length: -1",
    b"Content-Length: 5\r\nContent-Length: 6",
    b"Transfer-Encoding: chunked\r\nContent-Length: 5",
    b"Transfer-Encoding: gzip, chunked",
    b"X: a\r\n b",
    b"Host: evil",
    b"Host : localhost",
    b"\xff: x",
    b"X-" + b"a" * 70_000,
    b"Expect: 100-continue",
    b"Upgrade: websocket\r\nConnection: Upgrade",
    b"Content-Encoding: gzip",
    b"Range: bytes=9-1,-,a",
    b"Authorization: AWS4-HMAC-SHA256 Credential=/////, SignedHeaders=;, Signature=x",
    b"Authorization: Basic \xff",
    b"Authorization: AWS a:b",
    b"X-Amz-Target: RekognitionService.\xff",
    b"Cookie: customlabels_session=\xe9;;=",
    b"Origin: null",
    b"Sec-Fetch-Site: cross-site",
    b"X-Forwarded-For: ,,,\xff",
    b"If-Modified-Since: x",
    b"Content-MD5: x",
)


class BadRequests:
    """Makes them, for the server at a host, signed with a key and with a console's cookie where they need one."""

    def __init__(self, chance: random.Random, host: str, key: Credentials, cookie: str) -> None:
        self._chance, self._host, self._key, self._cookie = chance, host, key, cookie

    def next(self) -> bytes:
        """The bytes of one."""
        kinds = (self._garbage, self._fields, self._chunked, self._json, self._s3, self._signature, self._console)
        return self._chance.choices(kinds, (10, 15, 10, 20, 25, 10, 10))[0]()

    def _garbage(self) -> bytes:
        line = self._chance.choice(_LINES)
        whole = line + b"\r\nHost: localhost\r\n\r\n"
        return whole if self._chance.random() < 0.5 else mutated(self._chance, whole, _LINES)

    def _fields(self) -> bytes:
        fields = self._chance.sample(_FIELDS, self._chance.randint(1, 3))
        path = self._chance.choice(
            (b"/", b"/health", b"/metrics", b"/console/", b"/console/api/me", b"/bucket/key?tagging")
        )
        method = self._chance.choice((b"GET", b"PUT", b"POST", b"DELETE", b"HEAD", b"OPTIONS", b"PATCH"))
        return b"\r\n".join([method + b" " + path + b" HTTP/1.1", b"Host: localhost", *fields, b"", b"hello"])

    def _chunked(self) -> bytes:
        head = b"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: RekognitionService.DescribeProjects\r\n"
        body = self._chance.choice(_CHUNKS)
        if self._chance.random() < 0.5:
            body = mutated(self._chance, body, _CHUNKS)
        return head + b"Transfer-Encoding: chunked\r\n\r\n" + body

    def _json(self) -> bytes:
        headers = {"Content-Type": "application/x-amz-json-1.1"}
        headers["X-Amz-Target"] = f"RekognitionService.{self._chance.choice((*OPERATIONS, 'Nothing', ''))}"
        return self._signed("POST", "/", self._document(), "rekognition", headers)

    def _s3(self) -> bytes:
        key = self._chance.choice(
            ("", "1.png", "a%2F..%2F..%2Fb", "%ff%fe", "x" * 1100, "%00", "..", "a b", "%E2%80%AE.html")
        )
        bucket = self._chance.choice((BUCKET, BUCKET, "..", "%00", "A", "none", "xn--a"))
        query = self._chance.choice(_QUERIES)
        body = self._chance.choice(_XML).encode()
        if self._chance.random() < 0.5:
            body = mutated(self._chance, body, [text.encode() for text in _XML])
        headers = dict(
            self._chance.sample(
                (
                    ("Range", "bytes=5-1"),
                    ("x-amz-copy-source", "/../..%00"),
                    ("x-amz-copy-source", f"{BUCKET}/1.png"),
                    ("Content-MD5", "AAAA"),
                    ("x-amz-checksum-crc32", "zzz"),
                    ("x-amz-meta-a", "\xe9" * 10),
                    ("If-Match", '"'),
                    ("x-amz-tagging", "a=b&a=b&%"),
                    ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
                    ("Content-Encoding", "aws-chunked"),
                    ("x-amz-decoded-content-length", "-5"),
                    ("x-amz-acl", "x"),
                ),
                self._chance.randint(0, 2),
            )
        )
        method = self._chance.choice(("GET", "PUT", "POST", "DELETE", "HEAD"))
        return self._signed(method, f"/{bucket}/{key}" + (f"?{query}" if query else ""), body, "s3", headers)

    def _signature(self) -> bytes:
        """A good request of which something that belongs to the signature is changed."""
        whole = self._signed("POST", "/", b"{}", "rekognition", {"X-Amz-Target": "RekognitionService.DescribeProjects"})
        at = whole.find(b"AWS4-HMAC")
        end = whole.find(b"\r\n", at)
        return whole[:at] + mutated(self._chance, whole[at:end], [whole]).replace(b"\n", b"") + whole[end:]

    def _console(self) -> bytes:
        route = self._chance.choice(
            (
                "session",
                "me/password",
                "images/find",
                "images/boxes",
                "labels",
                "datasets",
                "users",
                "projects/delete",
                "rekognition/CreateProject",
                "image",
                "thumbnail",
                "object",
                "\xff",
            )
        )
        headers = {"X-Customlabels-Console": "1", "Cookie": f"customlabels_session={self._cookie}"}
        query = "&".join(
            f"{name}={quote(str(self._chance.choice(_ODD)), errors='ignore')}" for name in ("SourceRef", "Name")
        )
        method = self._chance.choice(("GET", "POST", "PUT"))  # DELETE would sign out
        return self._raw(method, f"{API}{quote(route)}?{query}", self._document(), headers)

    def _document(self) -> bytes:
        members = {name: self._chance.choice(_JUNK) for name in self._chance.sample(_MEMBERS, 4)}
        body = json.dumps(members).encode()
        others = (body, *seeds.manifests(BUCKET))
        return body if self._chance.random() < 0.5 else mutated(self._chance, body, others)

    def _signed(self, method: str, path: str, body: bytes, service: str, headers: dict[str, str]) -> bytes:
        signer = (S3SigV4Auth if service == "s3" else SigV4Auth)(self._key, service, REGION)
        request = AWSRequest(method, f"http://{self._host}{path}", {**headers, "Host": self._host}, body)
        signer.add_auth(request)
        return self._raw(method, path, body, {name: value for name, value in request.headers.items() if name != "Host"})

    def _raw(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
        fields = {**headers, "Host": self._host, "Content-Length": str(len(body)), "Connection": "close"}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in shuffled(self._chance, fields))]
        return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + body
