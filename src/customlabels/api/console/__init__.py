"""The console's side of the port: its pages, and what they call.

`POST /console/api/rekognition/OPERATION` is the API of Rekognition for one who is signed in; the other routes are the
console's own. Both use the verbs of `customlabels.service`, with the rights of the session's user.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import IO, Any

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from customlabels.api import rekognition
from customlabels.api.bodies import LIMITS, Bodies, Unread
from customlabels.api.calls import Call, Calls, told
from customlabels.api.console import static
from customlabels.api.console.answers import Answer
from customlabels.api.console.asks import Ask, Examples, Fields
from customlabels.api.console.attempts import Attempts
from customlabels.api.console.routes import MANY, ROUTES, UPLOADS
from customlabels.api.console.sign_in import COOKIE, SignIn, refuse_strangers
from customlabels.api.errors import RequestEntityTooLargeException, SerializationException
from customlabels.api.protocol import TARGET, parse
from customlabels.service.access.sessions import Session, find_session
from customlabels.service.errors import ResourceNotFoundException, ServiceError, ThrottlingException
from customlabels.service.service import Service
from customlabels.store.database import DatabaseUnavailable

API = "/console/api/"
UPLOAD_SECONDS = 600.0
_IN_MEMORY = 4 << 20


class SignInRequired(ServiceError):
    """There is no session, or it is over."""

    status = 401

    def __init__(self) -> None:
        super().__init__("Sign in first.")


@dataclass(frozen=True)
class Console:
    """Answers what browsers ask below /console."""

    service: Service
    calls: Calls
    bodies: Bodies
    examples: Examples | None = None
    attempts: Attempts = field(default_factory=Attempts)

    async def answer(self, request: Request) -> Response:
        """The response to a request below /console. Raises ClientDisconnect."""
        path = request.scope["path"]
        if not path.startswith(API):
            if request.method not in ("GET", "HEAD"):
                return Answer({"Message": "Pages are only read."}, 405, {"allow": "GET, HEAD"})
            if path == "/console":
                return RedirectResponse("/console/")
            return await run_in_threadpool(static.page, request, path.removeprefix("/console/"))
        call = Call(operation="Console")
        name = path.removeprefix(API)
        body: bytes | None = None
        problem: Exception | None = None
        async with AsyncExitStack() as stack:
            file: IO[bytes] | None = None
            try:
                refuse_strangers(request)
                if (request.method, name) in UPLOADS:
                    await run_in_threadpool(self._session, request)  # before all those bytes are taken
                    file = stack.enter_context(await _receive(request, UPLOADS[request.method, name]))
                elif request.method != "GET":
                    body = _whole(await stack.enter_async_context(self.bodies.read(request)))
            except (ServiceError, DatabaseUnavailable) as error:
                problem = error
            return await run_in_threadpool(self._guarded, request, call, name, body, file, problem)

    def _guarded(
        self,
        request: Request,
        call: Call,
        name: str,
        body: bytes | None,
        file: IO[bytes] | None,
        problem: Exception | None,
    ) -> Response:
        code = "OK"
        try:
            if problem is not None:
                raise problem
            response = self._do(request, call, name, body, file)
        except Exception as trouble:
            error = told(trouble, call)
            code = error.code
            content = {"__type": code, "Message": str(error), "Logref": call.id}
            response = Answer(content, error.status)
        response.headers.setdefault("cache-control", "no-store")
        if code != "OK" or not _only_reads(request.method, call.operation):
            self.calls.note(request, call, response.status_code, code)
        return response

    def _do(self, request: Request, call: Call, name: str, body: bytes | None, file: IO[bytes] | None) -> Response:
        method = request.method
        if name in ("session", "session/link"):
            call.operation = f"Console {method} session"
            return SignIn(self.service, self.attempts).answer(request, call, name, body)
        session, cookie = self._session(request)
        call.caller = session.caller
        if name.startswith("rekognition/") and method == "POST":
            return self._rekognition(session, call, name.partition("/")[2], body or b"")
        route = ROUTES.get((method, name))
        if route is None:
            raise ResourceNotFoundException(f"The console has no {method} {name[:100]}.")
        call.operation = f"Console {name}"
        query = _query(request)
        fields = Fields(_json(body) if body else {})
        call.resource = _resource({**query.values, **fields.values})
        ask = Ask(self.service, session, cookie, query, fields, self.attempts, self.examples, file, request.headers)
        answer = route(ask)
        return answer if isinstance(answer, Response) else Answer(answer)

    def _rekognition(self, session: Session, call: Call, name: str, body: bytes) -> Response:
        call.operation = rekognition.operation_of(f"{TARGET}.{name}")
        parsed = parse(call.operation, body)
        call.resource = rekognition.resource_of(parsed)
        return Answer(rekognition.answer(self.service, session.caller, call.operation, parsed))

    def _session(self, request: Request) -> tuple[Session, str]:
        """Raises SignInRequired."""
        cookie = request.cookies.get(COOKIE, "")
        session = find_session(self.service.database, cookie) if cookie else None
        if session is None:
            raise SignInRequired
        return session, cookie


def _whole(body: bytes | Unread) -> bytes:
    """Raises RequestEntityTooLargeException, ThrottlingException."""
    match body:
        case Unread.REFUSED:
            raise RequestEntityTooLargeException(f"The request is too large or too slow: {LIMITS}.")
        case Unread.CROWDED:
            raise ThrottlingException("The server has too many requests in work: try again.")
        case _:
            return body


def _only_reads(method: str, operation: str) -> bool:
    """Whether a call changes nothing: an open page makes one a second, which nobody wants to read about."""
    return method == "GET" or operation.startswith(("Describe", "List")) or operation == "Console images/find"


async def _receive(request: Request, limit: int) -> IO[bytes]:
    """A body that may be large, in a file. Raises RequestEntityTooLargeException, ClientDisconnect."""
    file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 (the caller closes it)
    size = 0
    try:
        with anyio.fail_after(UPLOAD_SECONDS):
            async for chunk in request.stream():
                size += len(chunk)
                if size > limit:
                    raise RequestEntityTooLargeException(
                        f"The file has more than {limit:,} bytes: make it smaller, or divide it."
                    )
                await run_in_threadpool(file.write, chunk)
    except TimeoutError as error:
        file.close()
        raise RequestEntityTooLargeException(
            f"The file was not here after {UPLOAD_SECONDS:.0f} seconds: make it smaller, or divide it."
        ) from error
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def _query(request: Request) -> Fields:
    """The parameters: of those that may come more than once, a list."""
    found: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if name in MANY:
            found.setdefault(name, []).append(value)
        else:
            found[name] = value
    return Fields(found)


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        content = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise SerializationException(f"The body of the request is not JSON in UTF-8: {str(error)[:200]}") from error
    if not isinstance(content, dict):
        raise SerializationException("The body of the request must be a JSON object.")
    return content


def _resource(values: Mapping[str, Any]) -> str:
    for name in ("ProjectVersionArn", "DatasetArn", "ProjectArn", "SourceRef", "Name"):
        with suppress(KeyError):
            return str(values[name])[:2048]
    return "*"
