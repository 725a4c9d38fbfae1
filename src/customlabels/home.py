"""A home: who has it, its id, and where its server is."""

from __future__ import annotations

import fcntl
import json
import secrets
import socket
from contextlib import ExitStack, suppress
from dataclasses import dataclass

from customlabels.settings import Settings

ANY_HOST = ("0.0.0.0", "", "::")


class HomeInUse(RuntimeError):
    """Another process that is alive has this home."""


def take_home(settings: Settings, stack: ExitStack) -> str:
    """Make a home if need be, and have it alone until `stack` ends. Returns its id.

    The id is made with the home: what others hold in its name is of a process that is dead. Raises HomeInUse, OSError.
    """
    home = settings.home
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = stack.enter_context((home / "server.lock").open("a+", encoding="ascii"))
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise HomeInUse(
            f"Another server has the home {home}, at {address_of(settings).endpoint}: stop it, or choose "
            "another --home."
        ) from error
    file.seek(0)
    id = file.read().strip()
    if not id:
        id = secrets.token_hex(8)
        file.write(f"{id}\n")
        file.flush()
    return id


@dataclass(frozen=True)
class Address:
    """Where clients on this machine reach a server, where people on any do, and the region that clients sign for."""

    endpoint: str
    console: str
    region: str


def address_of(settings: Settings) -> Address:
    """The address of the server that has this home now; where there is none, of the one that the settings describe."""
    try:
        content = json.loads(settings.address_file.read_text(encoding="utf-8"))
        with (settings.home / "server.lock").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return Address(content["endpoint"], content["console"], content["region"])
    except (OSError, ValueError, KeyError):
        pass
    endpoint = url(settings.host, settings.port)
    return Address(endpoint, url_for_people(settings, settings.port), settings.region)


def url_for_people(settings: Settings, port: int) -> str:
    """Where a browser reaches the server, also on other machines if it listens for them."""
    if settings.host not in ANY_HOST:
        return url(settings.host, port)
    names = [name for name in settings.allowed_hosts if "*" not in name]
    return url(names[0] if names else _own_host(), port)


def _own_host() -> str:
    """The address that this machine has in its network, else the loopback. Nothing is sent to find it out."""
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # an address for documentation: connecting only chooses a route
        return str(probe.getsockname()[0])
    return "127.0.0.1"


def url(host: str, port: int) -> str:
    """The URL of a server that listens on a host and port, for clients on this machine."""
    if host in ANY_HOST:
        host = "127.0.0.1" if host != "::" else "::1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
