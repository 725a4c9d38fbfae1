"""The one port: AWS's side for signed requests, and the rest for browsers and monitors."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from customlabels.api import cors, hosts
from customlabels.api.audit import Audit
from customlabels.api.aws import Aws, is_aws
from customlabels.api.metrics import CONTENT_TYPE, Metrics
from customlabels.service.access.keys import KeyRing
from customlabels.service.service import Service

log = logging.getLogger(__name__)


class App:
    """The ASGI application of a server. `workers` tells which worker processes are alive."""

    def __init__(self, service: Service, audit: Audit, workers: Callable[[], Mapping[str, bool]]) -> None:
        self._service = service
        self._workers = workers
        self._metrics = Metrics(lambda: service.units.counts() if service.units else {})
        self._aws = Aws(service, KeyRing(service.database), audit, self._metrics)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except ClientDisconnect:
            return
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
            return await self._health()
        if path == "/metrics" and request.method == "GET":
            return await self._metrics_for(request)
        if not is_aws(request):
            if path == "/console" or path.startswith("/console/"):
                return PlainTextResponse("This build of customlabels has no console.\n", 404)
            if path == "/" and request.method in ("GET", "HEAD") and "text/html" in request.headers.get("accept", ""):
                return RedirectResponse("/console/")
        response = await self._aws.answer(request)
        cors.add_headers(request, response, settings.cors_origins)
        return response

    async def _health(self) -> Response:
        def ask() -> dict[str, Any]:
            try:
                with self._service.database.read() as connection:
                    connection.exec_driver_sql("SELECT 1")
            except Exception as error:
                log.error("the database does not answer: %s", error)
                return {"database": "unavailable"}
            return {"database": "ok"}

        parts = {**await run_in_threadpool(ask), "workers": dict(self._workers())}
        fine = parts["database"] == "ok" and all(parts["workers"].values())
        content = {"status": "ok" if fine else "degraded", "version": version("customlabels"), **parts}
        return JSONResponse(content, 200 if parts["database"] == "ok" else 503)

    async def _metrics_for(self, request: Request) -> Response:
        peer = request.client.host if request.client else ""
        if not hosts.is_loopback(peer) or "x-forwarded-for" in request.headers:
            refusal = await self._aws.refusal(request)
            if refusal is not None:
                return refusal
        return Response(await run_in_threadpool(self._metrics.text), 200, media_type=CONTENT_TYPE)
