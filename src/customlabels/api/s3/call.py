"""What an operation of S3 is given, and what it gives."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from urllib.parse import parse_qsl, unquote_to_bytes

from customlabels.api.s3.body import Body
from customlabels.api.s3.errors import S3Error
from customlabels.api.s3.xml import MAX_BYTES, Element, Node, document, parse
from customlabels.service.access.caller import Caller
from customlabels.service.service import Service
from customlabels.store.objects import Bucket, Objects

_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Address:
    """What a request is about, and its query. Bucket and key are empty where the path has none."""

    bucket: str
    key: str
    query: Mapping[str, str]

    @classmethod
    def of(cls, path: str, query: str) -> Address:
        """From a path and a query as they came, percent-encoded. Raises S3Error."""
        bucket, _, key = path.removeprefix("/").partition("/")
        try:
            pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=100)
            return cls(decoded(bucket), decoded(key), dict(pairs))
        except ValueError as error:
            raise S3Error("InvalidURI", "Couldn't parse the specified URI: it is not UTF-8, or too long.") from error

    @property
    def arn(self) -> str:
        return arn(self.bucket, self.key)


@dataclass(frozen=True)
class Answer:
    """`content` may be an iterator, whose length is then among the headers."""

    content: bytes | Iterator[bytes] = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200

    @classmethod
    def xml(cls, name: str, content: list[Element] | str, headers: Mapping[str, str] | None = None) -> Answer:
        return cls(document(name, content), {"content-type": "application/xml", **(headers or {})})


NO_CONTENT = Answer(status=204)


@dataclass(frozen=True)
class Call:
    """A request of an authenticated caller. Header names are in lower case."""

    service: Service
    caller: Caller
    method: str
    address: Address
    headers: Mapping[str, str]
    body: Body

    @property
    def objects(self) -> Objects:
        return self.service.objects

    @property
    def bucket(self) -> str:
        return self.address.bucket

    @property
    def key(self) -> str:
        return self.address.key

    @property
    def query(self) -> Mapping[str, str]:
        return self.address.query

    def require(self, action: str, bucket: str | None = None, key: str | None = None) -> Bucket:
        """The bucket of the request, or another, on which (or on whose key) the caller may do this.

        Raises S3Error (AccessDenied), store.objects.NoSuchBucket.
        """
        if bucket is None:
            bucket, key = self.bucket, self.key
        self.allow(action, arn(bucket, key or ""))
        found = self.objects.bucket(bucket)
        if found.account != self.caller.account:
            raise denied(self.caller, action, arn(bucket, key or ""))
        return found

    def allow(self, action: str, resource: str) -> None:
        """Raises S3Error (AccessDenied) where the caller may not do this."""
        if not self.caller.may(action, resource):
            raise denied(self.caller, action, resource)

    def document(self, root: str) -> Node:
        """The body, which is XML. Raises S3Error."""
        return parse(self.body.read(MAX_BYTES), root)

    def number(self, name: str, default: int, most: int) -> int:
        """A number of the query, cut to `most`. Raises S3Error."""
        value = self.query.get(name, "")
        if value == "":
            return default
        if not (value.isascii() and value.isdecimal()) or len(value) > 10 or int(value) > 2**31 - 1:
            raise S3Error(
                "InvalidArgument",
                f"Provided {name} not an integer or within integer range",
                ArgumentName=name,
                ArgumentValue=value[:100],
            )
        return min(int(value), most)


def arn(bucket: str, key: str = "") -> str:
    """The name of a bucket or object in policies."""
    return f"arn:aws:s3:::{bucket}" + (f"/{key}" if key else "")


def denied(caller: Caller, action: str, resource: str) -> S3Error:
    return S3Error("AccessDenied", f"User: {caller.arn} is not authorized to perform: {action} on resource: {resource}")


def decoded(text: str) -> str:
    """A percent-encoded part of a path. Raises ValueError where it is not UTF-8."""
    return unquote_to_bytes(text).decode()


def http_time(milliseconds: int) -> str:
    return formatdate(milliseconds // 1000, usegmt=True)


def has_controls(value: str) -> bool:
    """Whether a value cannot be that of a header."""
    return _CONTROLS.search(value) is not None
