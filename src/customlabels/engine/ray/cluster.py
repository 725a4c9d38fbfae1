"""A server's part in a Ray cluster: one that is there already, or one of its own on this machine."""

from __future__ import annotations

import ipaddress
import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from customlabels.engine.placement import EngineError
from customlabels.settings import Settings

log = logging.getLogger(__name__)
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_USAGE_STATS_REPORT_URL": "http://127.0.0.1:9"}
"""Variables of every process of Ray that we start: nothing is reported to anybody, not even that reports are off."""
LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""Ray's only way to keep its ports on the loopback, whatever the system: it is told not to form clusters."""
OVERBOOKED = 2
"""A Ray of our own has so many times the machine's cores: units, which mostly wait, shall not keep trainings out."""
REACH_SECONDS = 5.0
STORE_BYTES = 512 * 1024 * 1024
"""Of memory for images on their way to units, in a Ray of our own."""


class Cluster:
    """This process's connection to a cluster. There is one in a process at a time."""

    def __init__(self, settings: Settings) -> None:
        """Connect to the cluster of the settings, or start one. Raises EngineError."""
        host, port = _parts(settings.ray_address) if settings.ray_address else ("127.0.0.1", 0)
        local = _is_loopback(host)
        if not local:
            require_shared_state(settings)
        os.environ.update(QUIET | LOOPBACK if local else QUIET)
        ray = _ray()
        for chatty in ("ray", "ray.serve"):
            logging.getLogger(chatty).setLevel(logging.WARNING)
        try:
            if settings.ray_address:
                socket.create_connection((host, port), REACH_SECONDS).close()  # Ray itself would try for minutes
            with _signals_kept():
                _init(ray, settings.ray_address)
        except Exception as error:  # Ray raises that very class, too
            raise EngineError(_why_not(settings.ray_address, error)) from error
        try:
            if any(node["NodeManagerHostname"] != os.uname().nodename for node in ray.nodes() if node["Alive"]):
                require_shared_state(settings)
        except BaseException:
            ray.shutdown()
            raise

    def close(self) -> None:
        """Leave; a cluster that was started with us ends."""
        with _signals_kept():
            _ray().shutdown()


def require_shared_state(settings: Settings) -> None:
    """Raises EngineError where the state of a server is out of other machines' reach."""
    lacking = []
    if not settings.database_url.startswith("postgresql"):
        lacking.append("PostgreSQL (CUSTOMLABELS_DATABASE_URL)")
    if not settings.s3_endpoint:
        lacking.append("an S3 endpoint (CUSTOMLABELS_S3_ENDPOINT)")
    if lacking:
        raise EngineError(
            f"A Ray cluster of several machines needs {' and '.join(lacking)}, since the others cannot reach what is "
            "in the home of this one. Without an address (--ray-address) a Ray of this machine is started."
        )


def _parts(address: str) -> tuple[str, int]:
    host, colon, port = address.rpartition(":")
    if not colon or not host or "/" in host or not port.isdecimal():
        raise EngineError(
            f"The address of the Ray cluster is {address!r}; it must be HOST:PORT, as `ray start --head` prints it."
        )
    return host.strip("[]"), int(port)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _ray() -> Any:
    try:
        import ray
        import ray.serve
    except ImportError as error:
        raise EngineError(f"The Ray engine needs Ray ({error}): pip install 'customlabels[ray]'") from error
    return ray


def _init(ray: Any, address: str) -> None:
    told = {"namespace": "customlabels", "log_to_driver": False, "logging_level": logging.WARNING}
    if address:
        ray.init(address=address, **told)
        return
    with _no_dashboard():
        ray.init(
            address="local",
            num_cpus=OVERBOOKED * (os.cpu_count() or 1),
            object_store_memory=STORE_BYTES,
            include_dashboard=False,
            **told,
        )


@contextmanager
def _no_dashboard() -> Iterator[None]:
    """Ray starts the process of its dashboard though it is told not to: that would ask clouds whether we are theirs."""
    from ray._private.node import Node

    kept = Node.start_api_server
    Node.start_api_server = lambda self, **_: None
    try:
        yield
    finally:
        Node.start_api_server = kept


def _why_not(address: str, error: Exception) -> str:
    if not address:
        return f"Ray cannot be started on this machine: {error}"
    return (
        f"The Ray cluster at {address} cannot be joined: {error} A node of the cluster must run on this machine "
        f"(`ray start --address={address}`), with the same versions of Python and Ray."
    )


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Ray takes SIGTERM for itself, which is the server's."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kept = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, kept)
