"""The AWS side of the port: Rekognition's JSON, STS's forms, and S3, each with its own shape of errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from customlabels.api import rekognition, replies, sigv2, sts
from customlabels.api.bodies import LIMITS, Bodies, Unread
from customlabels.api.calls import Call, Calls, told
from customlabels.api.errors import (
    InvalidSignatureException,
    RequestEntityTooLargeException,
    UnknownOperationException,
    WrongRegionException,
)
from customlabels.api.protocol import CONTENT_TYPE, TARGET, parse
from customlabels.api.sigv4 import Request as Signed
from customlabels.api.sigv4 import Signature, claimed_service, sha256_hex, verify
from customlabels.service.access.caller import Caller
from customlabels.service.access.keys import Holder, KeyRing
from customlabels.service.errors import (
    ImageTooLargeException,
    ServiceError,
    ThrottlingException,
)
from customlabels.service.service import Service

FORM = "application/x-www-form-urlencoded"


Answer = Callable[[Request, bytes, Call], Response]


@dataclass(frozen=True)
class Aws:
    """Answers what AWS's clients send."""

    service: Service
    keys: KeyRing
    calls: Calls
    bodies: Bodies

    async def answer(self, request: Request) -> Response:
        """The response to a signed request, or to one that should have been. Raises ClientDisconnect."""
        call = Call()
        request.state.request_id = call.id
        answer = self._way(request)
        if answer is None:
            return await self._s3(request, call)
        async with self.bodies.read(request) as body:
            return await run_in_threadpool(self._guarded, answer, request, body, call)

    def caller_of(self, request: Request) -> Caller:
        """Who signed a request without body, for whatever service. Raises ServiceError, DatabaseUnavailable."""
        return self._authenticate(request, b"", None)[1]

    def _way(self, request: Request) -> Answer | None:
        """How a request is answered; None for S3."""
        if "x-amz-target" in request.headers:
            return self._json
        if request.scope["path"] == "/" and _is_form(request):
            return self._form
        service = claimed_service(_signed(request))
        if service in (None, "s3"):
            return None
        return self._form if service == "sts" else self._other

    def _guarded(self, answer: Answer, request: Request, body: bytes | Unread, call: Call) -> Response:
        """Run in a thread: the answer, or the error in its shape, noted and counted."""
        code = "OK"
        try:
            if isinstance(body, Unread):
                raise _unread(request, body)
            response = answer(request, body, call)
        except Exception as problem:
            error = told(problem, call)
            code, response = error.code, self._error(request, error, call)
        if isinstance(body, Unread):
            response.headers["connection"] = "close"  # the rest of the body is still on its way
        self.calls.note(request, call, response.status_code, code)
        return response

    def _json(self, request: Request, body: bytes, call: Call) -> Response:
        if request.method != "POST" or request.scope["path"] not in ("", "/"):
            raise UnknownOperationException("The operations of Rekognition are called by POST /.")
        call.operation = rekognition.operation_of(request.headers["x-amz-target"])
        _, call.caller = self._authenticate(request, body, "rekognition", self.service.region)
        parsed = parse(call.operation, body)
        call.resource = rekognition.resource_of(parsed)
        answer = rekognition.answer(self.service, call.caller, call.operation, parsed)
        content = json.dumps(answer, separators=(",", ":"), allow_nan=False).encode()
        return Response(content, 200, {"x-amzn-requestid": call.id}, CONTENT_TYPE)

    def _form(self, request: Request, body: bytes, call: Call) -> Response:
        action = sts.action_of(body if _is_form(request) else request.scope["query_string"])
        call.operation = f"STS {action}" if action in sts.ACTIONS else "STS"
        _, call.caller = self._authenticate(request, body, "sts" if action in sts.ACTIONS else None)
        content = sts.answer(call.caller, action, call.id)
        return Response(content, 200, {"x-amzn-requestid": call.id}, sts.CONTENT_TYPE)

    def _other(self, request: Request, body: bytes, call: Call) -> Response:
        signature, call.caller = self._authenticate(request, body, None)
        raise UnknownOperationException(
            f"The service {signature.service[:40]!r} is not here: this server answers Rekognition Custom Labels, S3 "
            "and STS GetCallerIdentity."
        )

    async def _s3(self, request: Request, call: Call) -> Response:
        from customlabels.api import s3

        call.operation = f"S3 {request.method}"
        call.resource = request.scope["path"]
        try:
            signature, caller = await run_in_threadpool(self._authenticate, request, None, "s3")
            call.caller = caller
            if signature.region != self.service.region:
                raise WrongRegionException(
                    f"The authorization header is malformed; the region '{signature.region[:40]}' is wrong; expecting "
                    f"'{self.service.region}'",
                    self.service.region,
                )
        except Exception as problem:
            error = told(problem, call)
            response = self._error(request, error, call)
            self.calls.note(request, call, response.status_code, error.code)
            return response
        response = await s3.handle(request, self.service, caller, signature)
        call.operation, call.resource = f"S3 {request.state.operation}", request.state.resource
        code = "OK" if response.status_code < 400 else str(response.status_code)
        self.calls.note(request, call, response.status_code, code)
        return response

    def _authenticate(
        self, request: Request, body: bytes | None, service: str | None, region: str | None = None
    ) -> tuple[Signature, Caller]:
        """Who calls. A `body` must be the one that was signed. Raises the errors of `sigv4.verify`."""
        holder: Holder | None = None

        def secret_of(key_id: str) -> str | None:
            nonlocal holder
            holder = self.keys.find(key_id)
            return None if holder is None else holder.secret

        actual = "" if body is None else sha256_hex(body)
        if service == "s3" and sigv2.is_signed(request.scope["query_string"]):
            signature = sigv2.verify(_signed(request), secret_of, self.service.region)
        else:
            signature = verify(_signed(request), lambda: actual, secret_of, service=service, region=region)
        if body is not None and signature.service != "s3" and signature.payload != actual:
            raise InvalidSignatureException("The body of the request is not the one that was signed.")
        assert holder is not None
        return signature, holder.caller

    def _error(self, request: Request, error: ServiceError, call: Call) -> Response:
        """An error in the shape of the protocol that was spoken."""
        match self._way(request):
            case None:
                return replies.s3_error(request, error)
            case self._form:
                return replies.query_error(error, call.id)
            case _:
                return replies.json_error(error, call.id)


def is_aws(request: Request) -> bool:
    """Whether a request is for AWS's side: it is signed, or has a target."""
    if "authorization" in request.headers or "x-amz-target" in request.headers:
        return True
    query: bytes = request.scope["query_string"]
    return b"X-Amz-Signature=" in query or sigv2.is_signed(query)


def _signed(request: Request) -> Signed:
    headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in request.scope["headers"]]
    path = request.scope.get("raw_path") or request.scope["path"].encode()
    return Signed(request.method, path.decode("latin-1"), request.scope["query_string"].decode("latin-1"), headers)


def _is_form(request: Request) -> bool:
    return request.method == "POST" and request.headers.get("content-type", "").startswith(FORM)


def _unread(request: Request, why: Unread) -> ServiceError:
    if why is Unread.CROWDED:
        return ThrottlingException("Rate exceeded")
    if request.headers.get("x-amz-target") == f"{TARGET}.DetectCustomLabels":
        return ImageTooLargeException(f"Image size is too large. The body of a request may have {LIMITS}.")
    return RequestEntityTooLargeException(f"The body of the request is too large or too slow: {LIMITS}.")
