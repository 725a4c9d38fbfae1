"""A server in this process: the port, the workers and the inference units of one home."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import shutil
import socket
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import uvicorn
from anyio import to_thread

from customlabels.api.app import App
from customlabels.api.audit import Audit
from customlabels.examples.projects import ExampleProjects
from customlabels.service.access.keys import Key, first_key
from customlabels.service.access.sessions import has_password, make_link, sign_in_address
from customlabels.service.access.users import ADMINISTRATOR, AccessError
from customlabels.service.engines import open_engine
from customlabels.service.service import Service, open_service
from customlabels.settings import Settings

log = logging.getLogger(__name__)
STOP_SECONDS = 10
"""How long calls that are in work may take when the server is stopped."""
THREADS = 128
_ANY_HOST = ("0.0.0.0", "", "::")
"""Calls that are worked on at the same time; most of them wait for an inference unit or the disk."""


class HomeInUse(RuntimeError):
    """Another server that is alive has this home."""


class Server:
    """Serves one home from `start` to `stop`, or within a `with` statement."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.first_key: Key | None = None
        """The key that was made because there was none; its secret is to be shown once."""
        self.console = ""
        """Where the console is; a link that signs the administrator in, once, until there is a password."""
        self._stack = ExitStack()
        self._endpoint = ""

    @property
    def endpoint(self) -> str:
        """The URL under which clients of this machine reach the server."""
        return self._endpoint

    def start(self) -> None:
        """Be ready for calls when this returns.

        Raises HomeInUse, OSError for a port or folder that cannot be used, store.database.DatabaseUnavailable,
        engine.placement.EngineError.
        """
        with ExitStack() as stack:
            self.settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
            _lock(self.settings, stack)
            listening = _listen(self.settings.host, self.settings.port)
            stack.callback(listening.close)
            service = open_service(self.settings)
            stack.callback(service.close)
            for file in self.settings.home.glob("customlabels.db*"):
                file.chmod(0o600)  # the home may have been made by others, for all to read
            self.first_key = first_key(service.database, service.account)
            _sweep(self.settings.models)
            engine = open_engine(self.settings)
            stack.callback(engine.close)
            workers = engine.jobs(service)
            service.queue.release_local()
            workers.start()
            stack.callback(workers.stop)
            service.queue.listeners.append(workers.wake)
            serving = service.with_units(engine.models(service))
            stack.callback(serving.close)
            audit = Audit(self.settings.logs / "audit.jsonl")
            stack.callback(audit.close)
            self._serve(App(serving, audit, workers.alive, ExampleProjects()), listening, stack)
            self._endpoint = _url(self.settings.host, listening.getsockname()[1])
            place = _for_people(self.settings, listening.getsockname()[1])
            self.console = _console(service, place)
            self._announce(stack, place)
            self._stack = stack.pop_all()

    def stop(self) -> None:
        """Answer the calls in work, end the workers and units, and leave the home. Does nothing the second time."""
        self._stack.close()

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _serve(self, app: App, listening: socket.socket, stack: ExitStack) -> None:
        config = uvicorn.Config(
            app,
            http="httptools",
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
        path = self.settings.home / "server.json"
        scratch = path.with_suffix(".tmp")
        content = {"pid": os.getpid(), "endpoint": self.endpoint, "console": place, "region": self.settings.region}
        scratch.write_text(json.dumps(content) + "\n", encoding="utf-8")
        os.replace(scratch, path)
        stack.callback(path.unlink, missing_ok=True)


class _Uvicorn(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        to_thread.current_default_thread_limiter().total_tokens = THREADS
        await super().startup(sockets)


@dataclass(frozen=True)
class Address:
    """Where clients on this machine reach a server, where people on any do, and the region that clients sign for."""

    endpoint: str
    console: str
    region: str


def address_of(settings: Settings) -> Address:
    """The address of the server that has this home now; where there is none, of the one that the settings describe."""
    try:
        content = json.loads((settings.home / "server.json").read_text(encoding="utf-8"))
        with (settings.home / "server.lock").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return Address(content["endpoint"], content["console"], content["region"])
    except (OSError, ValueError, KeyError):
        pass
    endpoint = _url(settings.host, settings.port)
    return Address(endpoint, _for_people(settings, settings.port), settings.region)


def _console(service: Service, endpoint: str) -> str:
    address = f"{endpoint}/console/"
    if has_password(service.database, service.account, ADMINISTRATOR):
        return address
    try:
        return sign_in_address(endpoint, make_link(service.database, service.account, ADMINISTRATOR))
    except AccessError:  # there are other users, and they know how they sign in
        return address


def _lock(settings: Settings, stack: ExitStack) -> None:
    home = settings.home
    file = stack.enter_context((home / "server.lock").open("ab"))
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise HomeInUse(
            f"Another server has the home {home}, at {address_of(settings).endpoint}: stop it, or choose "
            "another --home."
        ) from error


def _sweep(models: Path) -> None:
    """Remove what trainings and copies that were killed have left: folders that are not yet a model."""
    for pattern in ("customlabels-*", "copy-*"):
        for folder in models.glob(pattern):
            shutil.rmtree(folder, ignore_errors=True)


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


def _for_people(settings: Settings, port: int) -> str:
    """Where a browser reaches the server, also on other machines if it listens for them."""
    if settings.host not in _ANY_HOST:
        return _url(settings.host, port)
    names = [name for name in settings.allowed_hosts if "*" not in name]
    return _url(names[0] if names else _own_host(), port)


def _own_host() -> str:
    """The address that this machine has in its network, else the loopback. Nothing is sent to find it out."""
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # an address for documentation: connecting only chooses a route
        return str(probe.getsockname()[0])
    return "127.0.0.1"


def _url(host: str, port: int) -> str:
    if host in _ANY_HOST:
        host = "127.0.0.1" if host != "::" else "::1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
