"""From a request of HTTP to an operation of S3, and from its outcome to the response."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

import anyio
import anyio.from_thread
import anyio.to_thread
from anyio.lowlevel import RunVar
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from customlabels.api.s3.body import Body
from customlabels.api.s3.call import Address, Answer, Call
from customlabels.api.s3.errors import NotModified, S3Error, of_store
from customlabels.api.s3.routes import operation
from customlabels.api.s3.xml import Element, document
from customlabels.service.access.caller import Caller
from customlabels.service.service import Service
from customlabels.store.database import DatabaseUnavailable
from customlabels.store.objects import ObjectError

if TYPE_CHECKING:
    from customlabels.api.sigv4 import Signature

TRANSFERS = 64
"""Requests that work at the same time; others wait. Clients that send slowly hold up no other part of the server."""

PATIENCE_SECONDS = 60
"""How long a client may send nothing of a body that it has begun."""

LEAST_BYTES_PER_SECOND = 4096
"""How fast a body must come on the whole, so that few clients cannot keep all the others waiting for long."""

_log = logging.getLogger(__name__)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_limiter: RunVar[anyio.CapacityLimiter] = RunVar("transfers")


async def handle(request: Request, service: Service, caller: Caller, signature: Signature) -> Response:
    """Answer a request that was found to be signed so. Raises nothing: errors are answers, too.

    `request.state` says afterwards what the call was, for the audit: `operation`, `resource`.
    """
    bucket = key = ""
    request.state.operation, request.state.resource = "unknown", request.url.path
    try:
        headers = _headers(request)
        address = Address.of(_raw_path(request), request.url.query)
        bucket, key = address.bucket, address.key
        request.state.resource = address.arn
        found = operation(request.method, address, headers)
        request.state.operation = found.name
        _check(request, headers, caller)
        body = Body(_Receiver(request), headers, signature)
        call = Call(service, caller, request.method, address, headers, body)
        return _response(request, await anyio.to_thread.run_sync(found.run, call, limiter=_transfers()))
    except NotModified as unchanged:
        return Response(status_code=304, headers=_outgoing(request, unchanged.headers))
    except S3Error as error:
        return _error(request, error)
    except ObjectError as error:
        return _error(request, of_store(error, bucket, key))
    except DatabaseUnavailable as error:
        return _error(request, S3Error("ServiceUnavailable", str(error)))
    except ClientDisconnect:
        return _error(request, S3Error("IncompleteBody", "The client closed the connection before the body's end."))
    except Exception:
        _log.exception("The S3 request %s %s failed", request.method, request.state.resource)
        return _error(request, S3Error("InternalError", "We encountered an internal error. Please try again."))


def refuse(request: Request, code: str, message: str, **details: str) -> Response:
    """The answer to a request of S3 that was refused before it got here: its signature is wrong, say."""
    return _error(request, S3Error(code, message, **details))


class _Receiver:
    """Waits, in a thread, for the next piece of a request's body; b"" is its end."""

    def __init__(self, request: Request) -> None:
        self._stream = request.stream()
        self._received = 0
        self._began = anyio.current_time()

    def __call__(self) -> bytes:
        return anyio.from_thread.run(self._next)

    async def _next(self) -> bytes:
        try:
            late = self._began + PATIENCE_SECONDS + self._received / LEAST_BYTES_PER_SECOND
            with anyio.fail_after(min(PATIENCE_SECONDS, max(0.0, late - anyio.current_time()))):
                async for piece in self._stream:
                    if piece:
                        self._received += len(piece)
                        return piece
        except TimeoutError as error:
            raise S3Error(
                "RequestTimeout",
                f"Your socket connection to the server was not read from or written to within {PATIENCE_SECONDS} s.",
            ) from error
        return b""


def _transfers() -> anyio.CapacityLimiter:
    try:
        return _limiter.get()
    except LookupError:
        limiter = anyio.CapacityLimiter(TRANSFERS)
        _limiter.set(limiter)
        return limiter


def _headers(request: Request) -> dict[str, str]:
    """Header values by lower-case names; those of a name that comes more than once in a row, as HTTP allows."""
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def _raw_path(request: Request) -> str:
    raw: bytes = request.scope.get("raw_path") or quote(request.scope["path"]).encode()
    return raw.partition(b"?")[0].decode("latin-1")


def _check(request: Request, headers: Mapping[str, str], caller: Caller) -> None:
    if request.method == "PUT" and not {"content-length", "transfer-encoding"} & headers.keys():
        raise S3Error("MissingContentLength", "You must provide the Content-Length HTTP header.")
    expected = headers.get("x-amz-expected-bucket-owner", caller.account)
    if expected != caller.account:
        raise S3Error(
            "AccessDenied", f"The bucket is expected to belong to {expected[:12]}, and you are {caller.account}."
        )


def _response(request: Request, answer: Answer) -> Response:
    headers = _outgoing(request, answer.headers)
    if isinstance(answer.content, bytes):
        if request.method == "HEAD" or answer.status == 204:
            return Response(status_code=answer.status, headers=headers)
        return Response(answer.content, answer.status, headers)
    return StreamingResponse(_stream(answer.content), answer.status, headers)


async def _stream(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    try:
        while chunk := await anyio.to_thread.run_sync(next, chunks, b"", limiter=_transfers()):
            yield chunk
    finally:
        close = getattr(chunks, "close", None)
        if close:
            close()


def _error(request: Request, error: S3Error) -> Response:
    headers = _outgoing(request, {"content-type": "application/xml"})
    if request.method == "HEAD":
        return Response(status_code=error.status, headers=headers)
    rows: list[Element] = [
        ("Code", error.code),
        ("Message", error.message),
        *error.details.items(),
        ("Resource", request.url.path),
        ("RequestId", headers["x-amz-request-id"]),
        ("HostId", headers["x-amz-id-2"]),
    ]
    return Response(document("Error", rows, namespace=False), error.status, headers)


def _outgoing(request: Request, headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of a response, with the request's id and without what HTTP cannot carry."""
    id = getattr(request.state, "request_id", None) or secrets.token_hex(8).upper()
    cleaned = {
        name: _CONTROLS.sub(" ", value).encode("latin-1", "replace").decode("latin-1")
        for name, value in headers.items()
    }
    return {**cleaned, "x-amz-request-id": id, "x-amz-id-2": id}
