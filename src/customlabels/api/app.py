"""The one port: AWS's side for signed requests, and the rest for browsers and monitors."""

from __future__ import annotations

import binascii
import hmac
from collections.abc import Callable, Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import Message, Receive, Scope, Send

from customlabels.api import cors, hosts
from customlabels.api.audit import Audit
from customlabels.api.aws import Aws, is_aws
from customlabels.api.bodies import Bodies
from customlabels.api.calls import Calls
from customlabels.api.console import Console
from customlabels.api.console.asks import Examples
from customlabels.api.errors import UnrecognizedClientException
from customlabels.api.health import health
from customlabels.api.metrics import CONTENT_TYPE, Metrics
from customlabels.service.access.caller import Caller
from customlabels.service.access.keys import KeyRing
from customlabels.service.errors import ServiceError
from customlabels.service.service import Service


class App:
    """The ASGI application of a server.

    `workers` tells which worker processes are alive, `examples` makes the console's example projects.
    """

    def __init__(
        self,
        service: Service,
        audit: Audit,
        workers: Callable[[], Mapping[str, bool]],
        examples: Examples | None = None,
    ) -> None:
        self._service = service
        self._workers = workers
        self._metrics = Metrics(lambda: service.units.counts() if service.units else {})
        self._keys = KeyRing(service.database)
        calls = Calls(audit, self._metrics)
        bodies = Bodies()
        self._aws = Aws(service, self._keys, calls, bodies)
        self._console = Console(service, calls, bodies, examples)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        asked = False

        async def receiving() -> Message:
            nonlocal asked
            asked = True
            return await receive()

        request = Request(scope, receiving)
        try:
            response = await self._respond(request)
        except ClientDisconnect:
            return
        if "expect" in request.headers and not asked:
            # The client waits for "100 Continue" and will not send the body: what it sends next is another request,
            # which a connection that stays open would take for that body.
            response.headers["connection"] = "close"
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        settings = self._service.settings
        host = request.headers.get("host", "")
        if not hosts.is_known(host, settings.host, settings.allowed_hosts):
            words = f"This server does not answer to {host[:100]!r}; CUSTOMLABELS_ALLOWED_HOSTS names where it does.\n"
            return PlainTextResponse(words, 421)
        if cors.is_preflight(request):
            return cors.preflight(request, settings.cors_origins)
        path = request.scope["path"]
        if path == "/health" and request.method in ("GET", "HEAD"):
            return await run_in_threadpool(health, self._service, self._workers())
        if path == "/metrics" and request.method == "GET":
            return await self._metrics_for(request)
        if not is_aws(request):
            if path == "/console" or path.startswith("/console/"):
                return await self._console.answer(request)
            if path == "/" and request.method in ("GET", "HEAD"):
                return RedirectResponse("/console/")
        response = await self._aws.answer(request)
        cors.add_headers(request, response, settings.cors_origins)
        return response

    async def _metrics_for(self, request: Request) -> Response:
        peer = request.client.host if request.client else ""
        local = hosts.is_loopback(peer) and hosts.is_loopback_name(request.headers.get("host", ""))
        if not local:
            try:
                caller = await run_in_threadpool(self._reader, request)
            except ServiceError as error:
                return PlainTextResponse(f"{error}\n", 401, {"www-authenticate": 'Basic realm="metrics"'})
            if caller.account != self._service.account or not caller.may("cloudwatch:GetMetricData", "*"):
                return PlainTextResponse("Reading metrics takes the right to cloudwatch:GetMetricData.\n", 403)
        return Response(await run_in_threadpool(self._metrics.text), 200, media_type=CONTENT_TYPE)

    def _reader(self, request: Request) -> Caller:
        """Who reads metrics: by a signature, or by the access key as name and password, which Prometheus can send.

        Raises ServiceError.
        """
        kind, _, words = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "basic":
            return self._aws.caller_of(request)
        try:
            id, _, secret = binascii.a2b_base64(words).decode().partition(":")
        except ValueError:
            id = secret = ""
        holder = self._keys.find(id)
        if holder is None or not hmac.compare_digest(holder.secret.encode(), secret.encode()):
            raise UnrecognizedClientException("There is no enabled access key of this id and secret.")
        return holder.caller
