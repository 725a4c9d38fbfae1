"""Which names the server answers to. A web page that points a name of its own at the loopback gets nothing."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def host_name(header: str) -> str:
    """A Host header without its port and brackets, in lower case."""
    host = header.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].rstrip(".")


def is_loopback_name(header: str) -> bool:
    """Whether a Host header names the loopback, so that no proxy before us was addressed."""
    return host_name(header) in _LOOPBACK


def is_known(header: str, listening: str, allowed: Collection[str]) -> bool:
    """Whether a Host header names this server: the loopback, the host that it listens on, or an allowed name.

    Where it listens on all addresses, any address is fine, since an address cannot be rebound.
    """
    host = host_name(header)
    if not host:
        return False
    names = {name.lower() for name in allowed}
    if host in _LOOPBACK or host.endswith(".localhost") or host == listening.lower() or host in names or "*" in names:
        return True
    return listening in ("0.0.0.0", "::", "") and _is_address(host)


def is_loopback(address: str) -> bool:
    """Whether a peer's address is of this machine's loopback."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return (mapped or parsed).is_loopback


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
