"""Signature Version 4: who signed a request, and whether that is true. The cryptography is botocore's.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote_to_bytes

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from customlabels.api.errors import (
    ExpiredTokenException,
    IncompleteSignature,
    InvalidSignatureException,
    InvalidTokenException,
    MissingAuthenticationTokenException,
    MissingHashException,
    RequestTimeTooSkewed,
    UnrecognizedClientException,
    WrongRegionException,
)

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"
_ONCE = ("authorization", "host", "x-amz-date", "x-amz-target", "x-amz-content-sha256")
"""Headers of which a second one is refused: a proxy might look at the one, and we at the other."""
SKEW_SECONDS = {"s3": 900}
"""How far a client's clock may be off, by service."""
DEFAULT_SKEW_SECONDS = 300
MAX_EXPIRY_SECONDS = 7 * 24 * 3600
_REFUSED = "The security token included in the request is invalid."


@dataclass(frozen=True)
class Signature:
    """A signature that was found right.

    `timestamp` is as in "20261123T041900Z", `scope` as in "20261123/us-east-1/s3/aws4_request"; `signature`, in hex, is
    the seed of chunk signatures, which `signing_key` makes. `payload` is the SHA-256 of the body in hex, or says how
    the body is signed: UNSIGNED-PAYLOAD, STREAMING-...
    """

    key_id: str
    service: str
    region: str
    timestamp: str
    scope: str
    signature: str
    signing_key: bytes
    payload: str
    presigned: bool = False


@dataclass(frozen=True)
class Request:
    """What was signed. `path` and `query` are as they came, percent-encoded; header names are in lower case."""

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        return next((value.strip() for key, value in self.headers if key == name), None)


@dataclass(frozen=True)
class _Claim:
    """What a request says of its own signature."""

    key_id: str
    date: str
    region: str
    service: str
    timestamp: str
    signed_headers: tuple[str, ...]
    signature: str
    payload: str | None
    expires: int | None

    @property
    def scope(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def claimed_service(request: Request) -> str | None:
    """The service for which a request says that it is signed; None where it says nothing, or nothing intelligible."""
    words = request.header("authorization")
    if words:
        credential = words.partition("Credential=")[2].partition(",")[0]
    else:
        credential = dict(parse_qsl(request.query, keep_blank_values=True)).get("X-Amz-Credential", "")
    parts = credential.split("/")
    return parts[3] if len(parts) == 5 else None


def verify(
    request: Request,
    body_sha256: Callable[[], str],
    secret_of: Callable[[str], str | None],
    now: datetime | None = None,
    *,
    service: str | None = None,
    region: str | None = None,
) -> Signature:
    """Check the signature of a request, which must be for this service and region where they are given.

    `secret_of` gives the secret of an enabled key, None for others; `body_sha256` is called where the request does not
    say itself what its body's hash is. That a body has the hash it claims is for the caller to check. Raises
    MissingAuthenticationTokenException, IncompleteSignature, UnrecognizedClientException, InvalidTokenException,
    InvalidSignatureException, RequestTimeTooSkewed, ExpiredTokenException, WrongRegionException.
    """
    names = [name for name, _ in request.headers]
    for name in _ONCE:
        if names.count(name) > 1:
            raise IncompleteSignature(f"The request has the header {name} more than once.")
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    claim = _from_query(query) if "X-Amz-Signature" in query else _from_header(request)
    if request.header("x-amz-security-token") or "X-Amz-Security-Token" in query:
        raise InvalidTokenException(f"{_REFUSED} This server issues no session tokens: unset AWS_SESSION_TOKEN.")
    _check_scope(claim, service, region)
    secret = secret_of(claim.key_id)
    if secret is None:
        raise UnrecognizedClientException(f"{_REFUSED} There is no enabled access key {claim.key_id[:32]}.")
    _check_time(claim, now or datetime.now(UTC))
    _check_headers(claim, request)
    presigned = claim.expires is not None
    if claim.service == "s3" and presigned:
        payload = UNSIGNED
    elif claim.service == "s3" and not claim.payload:
        raise MissingHashException("Missing required header for this request: x-amz-content-sha256")
    else:
        payload = claim.payload or body_sha256()
    if payload == UNSIGNED and claim.service != "s3":
        raise InvalidSignatureException("The body must be signed: UNSIGNED-PAYLOAD is for S3 only.")
    for path in _paths(request.path, claim.service):
        expected = _signature(claim, request, path, payload, secret)
        if hmac.compare_digest(expected.encode(), claim.signature.encode("utf-8", "replace")):
            key = _signing_key(secret, claim.date, claim.region, claim.service)
            named = (claim.key_id, claim.service, claim.region, claim.timestamp, claim.scope, claim.signature)
            return Signature(*named, key, payload, presigned)
    raise InvalidSignatureException(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
        "Key and signing method."
    )


def _from_header(request: Request) -> _Claim:
    text = request.header("authorization")
    if not text:
        raise MissingAuthenticationTokenException(
            "Request is missing Authentication Token: it must be signed with a key of this server."
        )
    algorithm, _, rest = text.partition(" ")
    if algorithm != ALGORITHM:
        raise IncompleteSignature(f"The signing algorithm {algorithm[:40]!r} is not supported; use {ALGORITHM}.")
    fields = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    missing = [name for name in ("Credential", "SignedHeaders", "Signature") if not fields.get(name)]
    if missing:
        raise IncompleteSignature(f"Authorization header requires '{missing[0]}' parameter.")
    timestamp = request.header("x-amz-date") or _in_basic_format(request.header("date"))
    if timestamp is None:
        raise IncompleteSignature(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        )
    payload = request.header("x-amz-content-sha256")
    return _claim(fields["Credential"], timestamp, fields["SignedHeaders"], fields["Signature"], payload, None)


def _in_basic_format(date: str | None) -> str | None:
    """The header Date as X-Amz-Date would have it."""
    try:
        return None if date is None else f"{parsedate_to_datetime(date).astimezone(UTC):%Y%m%dT%H%M%SZ}"
    except (ValueError, OverflowError):
        return date


def _from_query(query: Mapping[str, str]) -> _Claim:
    names = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Expires")
    missing = [name for name in names if not query.get(name)]
    if missing:
        raise IncompleteSignature(f"A presigned URL needs the parameter {missing[0]}.")
    algorithm, credential, timestamp, headers, expires = (query[name] for name in names)
    if algorithm != ALGORITHM:
        raise IncompleteSignature(f"The signing algorithm {algorithm[:40]!r} is not supported; use {ALGORITHM}.")
    plain = expires.isascii() and expires.isdecimal() and len(expires) <= len(str(MAX_EXPIRY_SECONDS))
    if not plain or not 0 < int(expires) <= MAX_EXPIRY_SECONDS:
        raise IncompleteSignature(f"X-Amz-Expires must be from 1 to {MAX_EXPIRY_SECONDS} seconds.")
    return _claim(credential, timestamp, headers, query["X-Amz-Signature"], None, int(expires))


def _claim(
    credential: str, timestamp: str, headers: str, signature: str, payload: str | None, expires: int | None
) -> _Claim:
    parts = credential.split("/")
    if len(parts) != 5 or parts[4] != "aws4_request":
        raise IncompleteSignature("The credential must be KEY/DATE/REGION/SERVICE/aws4_request.")
    key_id, date, region, service, _ = parts
    if timestamp[:8] != date:
        raise InvalidSignatureException(
            f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"{date[:20]!r} != {timestamp[:8]!r}."
        )
    signed = tuple(headers.lower().split(";"))
    return _Claim(key_id, date, region, service, timestamp, signed, signature, payload, expires)


def _check_scope(claim: _Claim, service: str | None, region: str | None) -> None:
    if service is not None and claim.service != service:
        raise InvalidSignatureException(f"Credential should be scoped to correct service: {service!r}.")
    if region is not None and claim.region != region:
        raise WrongRegionException(
            f"Credential should be scoped to a valid region. This server's is {region!r}, not {claim.region[:40]!r}: "
            "set AWS_REGION, or CUSTOMLABELS_REGION of the server.",
            region,
        )


def _check_time(claim: _Claim, now: datetime) -> None:
    try:
        signed = datetime.strptime(claim.timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise IncompleteSignature("The date of the request must be written as 20261123T041900Z.") from error
    age = (now - signed).total_seconds()
    skew = SKEW_SECONDS.get(claim.service, DEFAULT_SKEW_SECONDS)
    if claim.expires is not None and age > claim.expires:
        raise ExpiredTokenException(
            f"Request has expired: the URL was good for {claim.expires} seconds, and is {age:.0f} seconds old."
        )
    if age < -skew or (claim.expires is None and age > skew):
        kind = RequestTimeTooSkewed if claim.service == "s3" else InvalidSignatureException
        raise kind(
            f"{'Signature expired' if age > 0 else 'Signature not yet current'}: the request is from "
            f"{claim.timestamp}, and it is {now:%Y%m%dT%H%M%SZ} here; at most {skew} seconds may lie between. Set the "
            "clock of the client or of the server."
        )


def _check_headers(claim: _Claim, request: Request) -> None:
    present = {name for name, _ in request.headers}
    for name in ("host", "x-amz-target"):
        if name not in claim.signed_headers and (name == "host" or name in present):
            raise InvalidSignatureException(f"{name!r} must be a 'SignedHeader' in the AWS Authorization.")
    for name in claim.signed_headers:
        if name not in present:
            raise InvalidSignatureException(f"The header {name[:100]!r} is said to be signed, and is not there.")
    unsigned = {
        name for name in present - set(claim.signed_headers) if name.startswith("x-amz-") or name == "content-md5"
    }
    if claim.expires is None:
        unsigned.discard("x-amz-content-sha256")  # part of what is signed anyway
    if claim.service == "s3" and unsigned:
        raise InvalidSignatureException(
            f"There were headers present in the request which were not signed: {min(unsigned)}"
        )


class _Fixed:
    """Of the signers of botocore: signs exactly the headers that the client did."""

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        headers = HTTPHeaders()
        for name in request.context["signed"]:
            for key, value in request.context["headers"]:
                if key == name:
                    headers[key] = value
        return headers


class _Plain(_Fixed, SigV4Auth): ...  # type: ignore[misc]


class _S3(_Fixed, S3SigV4Auth): ...  # type: ignore[misc]


def _signature(claim: _Claim, request: Request, path: str, payload: str, secret: str) -> str:
    query = request.query
    if query:
        # As AWS does it: decoded, and encoded its own way, so that it does not matter how the client wrote it.
        pairs = parse_qsl(query, keep_blank_values=True, encoding="latin-1")
        query = "&".join(
            f"{quote(name, safe='', encoding='latin-1')}={quote(value, safe='', encoding='latin-1')}"
            for name, value in pairs
            if claim.expires is None or name != "X-Amz-Signature"
        )
    signer = (_S3 if claim.service == "s3" else _Plain)(Credentials(claim.key_id, secret), claim.service, claim.region)
    unsigned = AWSRequest(method=request.method, url=f"http://host{path}?{query}")
    unsigned.context.update(timestamp=claim.timestamp, signed=claim.signed_headers, headers=request.headers)
    unsigned.headers["X-Amz-Content-SHA256"] = payload
    text: str = signer.string_to_sign(unsigned, signer.canonical_request(unsigned))
    key = _signing_key(secret, claim.date, claim.region, claim.service)
    return hmac.new(key, text.encode("utf-8"), hashlib.sha256).hexdigest()


@lru_cache(maxsize=1024)
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _paths(path: str, service: str) -> list[str]:
    """The path as it may have been signed: as it came, and for S3 as it is after decoding and encoding again."""
    if service != "s3":
        return [path]
    return list(dict.fromkeys((path, quote(unquote_to_bytes(path), safe="/-_.~"))))


def sha256_hex(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
