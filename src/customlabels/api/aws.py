"""The AWS side of the port: Rekognition's JSON, STS's forms, and S3, each with its own shape of errors."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from customlabels.api import rekognition, replies, sts
from customlabels.api.audit import Audit
from customlabels.api.errors import (
    InvalidSignatureException,
    RequestEntityTooLargeException,
    UnknownOperationException,
    WrongRegionException,
)
from customlabels.api.metrics import Metrics
from customlabels.api.protocol import CONTENT_TYPE, TARGET, parse
from customlabels.api.sigv4 import Request as Signed
from customlabels.api.sigv4 import Signature, sha256_hex, verify
from customlabels.service.access.caller import Caller
from customlabels.service.access.keys import KeyRing
from customlabels.service.errors import (
    ImageTooLargeException,
    InternalServerError,
    ServiceError,
    ThrottlingException,
)
from customlabels.service.service import Service
from customlabels.store.database import DatabaseUnavailable
from customlabels.store.objects import StoreUnavailable

log = logging.getLogger(__name__)
MAX_BODY = 8 * 1024 * 1024
"""Bytes of a JSON request: 5 MB in base64, and some."""
DRAINED_BODY = 64 * 1024 * 1024
"""So much of a body that is too large is read to its end: a client that still sends does not see the answer."""
BODY_SECONDS = 60.0
"""How long a client may take to send the body of a JSON request."""
FORM = "application/x-www-form-urlencoded"


@dataclass
class Call:
    """One call on its way: what it turned out to be, for the log and the counts."""

    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    began: float = field(default_factory=time.monotonic)
    caller: Caller | None = None
    operation: str = "-"
    resource: str = "*"


@dataclass(frozen=True)
class Aws:
    """Answers what AWS's clients send."""

    service: Service
    keys: KeyRing
    audit: Audit
    metrics: Metrics

    async def answer(self, request: Request) -> Response:
        """The response to a signed request, or to one that should have been. Raises ClientDisconnect."""
        call = Call()
        request.state.request_id = call.id
        target = request.headers.get("x-amz-target")
        form = request.method == "POST" and request.headers.get("content-type", "").startswith(FORM)
        if target is not None or (form and request.url.path == "/"):
            body = await _body(request)
            answer = self._json if target is not None else self._form
            return await run_in_threadpool(self._guarded, answer, request, body, call)
        return await self._s3(request, call)

    async def refusal(self, request: Request) -> Response | None:
        """Why a request that must be signed, for whatever service, is refused; None where it is not."""
        call = Call(operation="metrics")
        try:
            await run_in_threadpool(self._authenticate, request, None, call)
        except ServiceError as error:
            response = _error(request, error, call)
            self._note(request, call, response.status_code, error.code)
            return response
        return None

    def _guarded(
        self, answer: Callable[[Request, bytes, Call], Response], request: Request, body: bytes | None, call: Call
    ) -> Response:
        """Run in a thread: the answer, or the error in its shape, noted and counted."""
        code = "OK"
        try:
            if body is None:
                raise _too_large(request)
            response = answer(request, body, call)
        except ServiceError as error:
            code = error.code
            response = _error(request, error, call)
        except (DatabaseUnavailable, StoreUnavailable) as error:
            log.error("request %s: %s", call.id, error)
            code = "ThrottlingException"
            response = _error(request, _unavailable(), call)
        except Exception:
            log.exception("request %s: %s on %s failed", call.id, call.operation, call.resource)
            code = "InternalServerError"
            response = _error(request, InternalServerError("Internal server error"), call)
        if body is None:
            response.headers["connection"] = "close"  # the rest of the body is still on its way
        self._note(request, call, response.status_code, code)
        return response

    def _json(self, request: Request, body: bytes, call: Call) -> Response:
        if request.method != "POST" or request.scope["path"] not in ("", "/"):
            raise UnknownOperationException("The operations of Rekognition are called by POST /.")
        call.operation = rekognition.operation_of(request.headers["x-amz-target"])
        self._authenticate(request, body, call, "rekognition", self.service.region)
        assert call.caller is not None
        parsed = parse(call.operation, body)
        call.resource = rekognition.resource_of(parsed)
        answer = rekognition.answer(self.service, call.caller, call.operation, parsed)
        content = json.dumps(answer, separators=(",", ":"), allow_nan=False).encode()
        return Response(content, 200, {"x-amzn-requestid": call.id}, CONTENT_TYPE)

    def _form(self, request: Request, body: bytes, call: Call) -> Response:
        call.operation = sts.action_of(body) or "-"
        self._authenticate(request, body, call)
        assert call.caller is not None
        content = sts.answer(call.caller, call.operation, call.id)
        return Response(content, 200, {"x-amzn-requestid": call.id}, sts.CONTENT_TYPE)

    async def _s3(self, request: Request, call: Call) -> Response:
        from customlabels.api import s3

        call.operation = f"S3 {request.method}"
        call.resource = f"arn:aws:s3:::{request.scope['path'].lstrip('/')}"
        try:
            signature = await run_in_threadpool(self._authenticate, request, None, call)
            if signature.service != "s3":
                raise UnknownOperationException(
                    f"The service {signature.service[:40]!r} is not here: this server answers Rekognition Custom "
                    "Labels, S3 and STS GetCallerIdentity."
                )
            if signature.region != self.service.region:
                raise WrongRegionException(
                    f"The authorization header is malformed; the region '{signature.region[:40]}' is wrong; expecting "
                    f"'{self.service.region}'",
                    self.service.region,
                )
        except ServiceError as error:
            response = _error(request, error, call)
            self._note(request, call, response.status_code, error.code)
            return response
        except DatabaseUnavailable as error:
            log.error("request %s: %s", call.id, error)
            response = _error(request, _unavailable(), call)
            self._note(request, call, response.status_code, "ServiceUnavailable")
            return response
        assert call.caller is not None
        response = await s3.handle(request, self.service, call.caller, signature)
        call.operation, call.resource = f"S3 {request.state.operation}", request.state.resource
        code = "OK" if response.status_code < 400 else str(response.status_code)
        self._note(request, call, response.status_code, code)
        return response

    def _authenticate(
        self,
        request: Request,
        body: bytes | None,
        call: Call,
        service: str | None = None,
        region: str | None = None,
    ) -> Signature:
        """Who calls. Raises the errors of `sigv4.verify`."""
        headers = [(key.decode("latin-1").lower(), value.decode("latin-1")) for key, value in request.scope["headers"]]
        raw_path = request.scope.get("raw_path") or request.scope["path"].encode()
        signed = Signed(
            request.method, raw_path.decode("latin-1"), request.scope["query_string"].decode("latin-1"), headers
        )
        actual = "" if body is None else sha256_hex(body)
        holder = None

        def secret_of(key_id: str) -> str | None:
            nonlocal holder
            holder = self.keys.find(key_id)
            return None if holder is None else holder.secret

        signature = verify(signed, lambda: actual, secret_of, service=service, region=region)
        if body is not None and signature.payload != actual:
            raise InvalidSignatureException("The body of the request is not the one that was signed.")
        assert holder is not None
        call.caller = holder.caller
        return signature

    def _note(self, request: Request, call: Call, status: int, code: str) -> None:
        seconds = time.monotonic() - call.began
        source = request.client.host if request.client else "-"
        self.audit.record(call.caller, call.operation, call.resource, code, call.id, source, 1000 * seconds)
        self.metrics.record(call.operation, status, code, seconds)


def is_aws(request: Request) -> bool:
    """Whether a request is for AWS's side: it is signed, or has a target."""
    if "authorization" in request.headers or "x-amz-target" in request.headers:
        return True
    return "X-Amz-Signature" in parse_qs(request.url.query, keep_blank_values=True)


async def _body(request: Request) -> bytes | None:
    """The body of a request; None where it is too large or too slow."""
    content, size = bytearray(), 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                size += len(chunk)
                if size <= MAX_BODY:
                    content += chunk
                elif size > DRAINED_BODY:
                    return None
    except TimeoutError:
        return None
    return bytes(content) if size <= MAX_BODY else None


def _too_large(request: Request) -> ServiceError:
    limits = f"at most {MAX_BODY:,} bytes, within {BODY_SECONDS:.0f} seconds"
    if request.headers.get("x-amz-target") == f"{TARGET}.DetectCustomLabels":
        return ImageTooLargeException(f"Image size is too large. The body of a request may have {limits}.")
    return RequestEntityTooLargeException(f"The body of the request is too large or too slow: {limits}.")


def _unavailable() -> ThrottlingException:
    error = ThrottlingException("Service Unavailable")
    error.status = 500
    return error


def _error(request: Request, error: ServiceError, call: Call) -> Response:
    """An error in the shape of the protocol that was spoken."""
    if "x-amz-target" in request.headers:
        return replies.json_error(error, call.id)
    if request.headers.get("content-type", "").startswith(FORM):
        return replies.query_error(error, call.id)
    if isinstance(error, UnknownOperationException):  # of some service whose protocol is not known here
        return replies.json_error(error, call.id)
    return replies.s3_error(request, error)
