"""A server in this process: the port, the workers and the inference units of one home."""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
import time
from contextlib import ExitStack
from types import TracebackType
from typing import Self

import uvicorn
from anyio import to_thread

from customlabels.api.app import App
from customlabels.api.audit import Audit
from customlabels.api.connections import Connection
from customlabels.engine.placement import JobPlacement
from customlabels.examples.projects import ExampleProjects
from customlabels.home import take_home, url, url_for_people
from customlabels.service.access.keys import Key, first_key
from customlabels.service.access.sessions import has_password, make_link, sign_in_address
from customlabels.service.access.users import ADMINISTRATOR, AccessError
from customlabels.service.engines import Engine, open_engine
from customlabels.service.labelling.housekeeping import keep_home
from customlabels.service.service import Service, open_service
from customlabels.settings import Settings
from customlabels.store.models import known_models
from customlabels.store.objects import StoreUnavailable

log = logging.getLogger(__name__)
STOP_SECONDS = 10
"""How long calls that are in work may take when the server is stopped."""
THREADS = 128
"""Calls that are worked on at the same time; most of them wait for an inference unit or the disk."""


class Resident:
    """Has a home from `start` to `stop`, or within a `with` statement."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._stack = ExitStack()

    def start(self) -> None:
        """Be at work when this returns.

        Raises home.HomeInUse, OSError for a port or folder that cannot be used, store.database.DatabaseUnavailable,
        engine.placement.EngineError.
        """
        with ExitStack() as stack:
            self._move_in(take_home(self.settings, stack), stack)
            self._stack = stack.pop_all()

    def stop(self) -> None:
        """End what is at work, calls and jobs in an orderly way, and leave the home. A second time it does nothing."""
        self._stack.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _move_in(self, home: str, stack: ExitStack) -> None:
        raise NotImplementedError


class Workshop(Resident):
    """The workers of one home, without a port: others serve."""

    def _move_in(self, home: str, stack: ExitStack) -> None:
        service = open_service(self.settings)
        stack.callback(service.close)
        engine = open_engine(self.settings)
        stack.callback(engine.close)
        _start_workers(engine, service, home, stack)


class Server(Resident):
    """Serves one home."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.first_key: Key | None = None
        """The key that was made because there was none; its secret is to be shown once."""
        self.console = ""
        """Where the console is; a link that signs the administrator in, once, until there is a password."""
        self._endpoint = ""

    @property
    def endpoint(self) -> str:
        """The URL under which clients of this machine reach the server."""
        return self._endpoint

    def _move_in(self, home: str, stack: ExitStack) -> None:
        listening = _listen(self.settings.host, self.settings.port)
        stack.callback(listening.close)
        service = open_service(self.settings)
        stack.callback(service.close)
        for file in self.settings.home.glob("customlabels.db*"):
            file.chmod(0o600)  # the home may have been made by others, for all to read
        self.first_key = first_key(service.database, service.account)
        engine = open_engine(self.settings)
        stack.callback(engine.close)
        workers = _start_workers(engine, service, home, stack)
        service.queue.listeners.append(workers.wake)
        serving = service.with_units(home, engine.models(service))
        stack.callback(serving.close)
        audit = Audit(self.settings.logs / "audit.jsonl")
        stack.callback(audit.close)
        self._serve(App(serving, audit, workers.alive, ExampleProjects()), listening, stack)
        self._endpoint = url(self.settings.host, listening.getsockname()[1])
        place = url_for_people(self.settings, listening.getsockname()[1])
        self.console = _console(service, place)
        self._announce(stack, place)

    def _serve(self, app: App, listening: socket.socket, stack: ExitStack) -> None:
        config = uvicorn.Config(
            app,
            http=Connection,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        server = _Uvicorn(config)
        thread = threading.Thread(target=server.run, args=([listening],), name="http", daemon=True)
        thread.start()

        def end() -> None:
            server.should_exit = True
            thread.join()

        stack.callback(end)
        while not server.started:
            if not thread.is_alive():
                raise OSError("The HTTP server did not start; the log says why.")
            time.sleep(0.005)

    def _announce(self, stack: ExitStack, place: str) -> None:
        """Say in the home where the server is, for `customlabels env` and `users link`."""
        path = self.settings.address_file
        scratch = path.with_suffix(".tmp")
        content = {"pid": os.getpid(), "endpoint": self.endpoint, "console": place, "region": self.settings.region}
        scratch.write_text(json.dumps(content) + "\n", encoding="utf-8")
        os.replace(scratch, path)
        stack.callback(path.unlink, missing_ok=True)


class _Uvicorn(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        to_thread.current_default_thread_limiter().total_tokens = THREADS
        await super().startup(sockets)


def _console(service: Service, endpoint: str) -> str:
    address = f"{endpoint}/console/"
    if has_password(service.database, service.account, ADMINISTRATOR):
        return address
    try:
        return sign_in_address(endpoint, make_link(service.database, service.account, ADMINISTRATOR))
    except AccessError:  # there are other users, and they know how they sign in
        return address


def _start_workers(engine: Engine, service: Service, home: str, stack: ExitStack) -> JobPlacement:
    """Clear up after who had the home before, and start its workers, and what keeps it tidy."""
    _take_over(service)
    workers = engine.jobs(service, home)
    service.queue.release_dead(home)
    workers.start()
    stack.callback(workers.stop)
    leave = threading.Event()
    tidying = threading.Thread(target=keep_home, args=(service, leave), name="housekeeping", daemon=True)
    tidying.start()
    stack.callback(tidying.join)
    stack.callback(leave.set)
    return workers


def _take_over(service: Service) -> None:
    """Remove what trainings and copies that were killed have left, and bring models to where they belong."""
    known = known_models(service.database)
    service.models.sweep(known)
    try:
        service.models.adopt(known)
    except StoreUnavailable as error:  # those that were there already run; the others are brought at the next start
        log.error("models of this home cannot be brought to the S3 endpoint, for now: %s", error)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise OSError(
            f"Cannot listen on {host} port {port}: {error.strerror or error}. Choose another --port."
        ) from error
    # asyncio does this for sockets that it makes itself; without it a small answer waits 40 ms for the client's ACK.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
