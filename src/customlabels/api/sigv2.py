"""Presigned URLs of S3 in the older form, Signature Version 2, which boto3 and the AWS CLI make by default.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html#RESTAuthenticationQueryStringAuth
The cryptography is botocore's.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from botocore.auth import HmacV1QueryAuth
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from customlabels.api.errors import (
    ExpiredTokenException,
    IncompleteSignature,
    InvalidSignatureException,
    InvalidTokenException,
    UnrecognizedClientException,
)
from customlabels.api.sigv4 import MAX_EXPIRY_SECONDS, UNSIGNED, Request, Signature

MARK = b"AWSAccessKeyId="
HARMLESS = {
    "AWSAccessKeyId",
    "Expires",
    "Signature",
    "continuation-token",
    "delimiter",
    "encoding-type",
    "fetch-owner",
    "key-marker",
    "list-type",
    "marker",
    "max-keys",
    "max-parts",
    "max-uploads",
    "part-number-marker",
    "prefix",
    "start-after",
    "upload-id-marker",
    "version-id-marker",
    "x-id",
}
"""Parameters that this signature does not cover, and that choose no other operation."""


def is_signed(query: bytes) -> bool:
    """Whether the query of a URL has such a signature."""
    return any(part.startswith(MARK) for part in query.split(b"&"))


def verify(
    request: Request, secret_of: Callable[[str], str | None], region: str, now: datetime | None = None
) -> Signature:
    """Check the signature of a URL; it names no region, so `region` is taken.

    `secret_of` gives the secret of an enabled key, None for others. Raises IncompleteSignature, InvalidTokenException,
    UnrecognizedClientException, ExpiredTokenException, InvalidSignatureException.
    """
    now = now or datetime.now(UTC)
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    key_id, expires, given = (query.get(name, "") for name in ("AWSAccessKeyId", "Expires", "Signature"))
    if not key_id or not given or not (expires.isascii() and expires.isdecimal()) or len(expires) > 12:
        raise IncompleteSignature("A presigned URL needs AWSAccessKeyId, Signature and Expires, in seconds since 1970.")
    if "x-amz-security-token" in query or request.header("x-amz-security-token"):
        raise InvalidTokenException("This server issues no session tokens: unset AWS_SESSION_TOKEN.")
    secret = secret_of(key_id)
    if secret is None:
        raise UnrecognizedClientException(f"There is no enabled access key {key_id[:32]}.")
    left = int(expires) - now.timestamp()
    if left < 0:
        raise ExpiredTokenException(f"The URL expired {-left:.0f} seconds ago.")
    if left > MAX_EXPIRY_SECONDS + 60:
        raise ExpiredTokenException(f"A presigned URL may be good for {MAX_EXPIRY_SECONDS} seconds at most.")
    signed = _signed_query(request.query)
    for path in _paths(request.path):
        expected = _Signer(Credentials(key_id, secret), expires).get_signature(
            request.method, urlsplit(f"http://host{path}?{signed}"), _headers(request, query)
        )
        if hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace")):
            break
    else:
        raise InvalidSignatureException(
            "The request signature we calculated does not match the signature you provided."
        )
    timestamp = f"{now:%Y%m%dT%H%M%SZ}"
    scope = f"{timestamp[:8]}/{region}/s3/aws4_request"
    return Signature(key_id, "s3", region, timestamp, scope, given, b"", UNSIGNED, presigned=True)


def _signed_query(query: str) -> str:
    """The parameters with their names decoded, as whoever acts on them will read them.

    Raises IncompleteSignature for a parameter that comes twice, and for one that the signature does not cover although
    it changes what is done.
    """
    parts = []
    seen: set[str] = set()
    for part in query.split("&"):
        raw, equals, value = part.partition("=")
        name = unquote_plus(raw)
        if name in seen:
            raise IncompleteSignature(f"The URL has the parameter {name[:40]!r} more than once.")
        seen.add(name)
        covered = name in _Signer.QSAOfInterest or name in HARMLESS
        if name and not covered and not name.lower().startswith(("x-amz-", "content-")):
            raise IncompleteSignature(
                f"Signature Version 2 does not cover the parameter {name[:40]!r}: sign the URL with version 4."
            )
        parts.append(f"{name}{equals}{value}")
    return "&".join(parts)


def _paths(path: str) -> list[str]:
    """The path as it may have been signed: as it came, and that of a bucket with the slash that boto3 signs."""
    return [path, f"{path}/"] if path.count("/") == 1 and path != "/" else [path]


class _Signer(HmacV1QueryAuth):  # type: ignore[misc]
    """Signs for the moment that a URL says, not for one that is reckoned from now."""

    def _get_date(self) -> str:
        return str(self._expires)


def _headers(request: Request, query: dict[str, str]) -> HTTPHeaders:
    """The headers that are signed: as they were sent, or as the URL has them, where the client has put them there."""
    headers = HTTPHeaders()
    for name, value in request.headers:
        if name.startswith("x-amz-") or name in ("content-md5", "content-type"):
            headers[name] = value
    for name, value in query.items():
        if (name.startswith("x-amz-") or name in ("content-md5", "content-type")) and name not in headers:
            headers[name] = value
    return headers
