"""What a process that handles other people's data may take of the machine at most: limits of the system."""

from __future__ import annotations

import resource


def limit_memory(bytes: int) -> None:
    """Let the memory that this process asks for fail beyond so many bytes; libraries mapped from files do not count.

    A lower limit that somebody else has set stays.
    """
    _lower(resource.RLIMIT_DATA, bytes)


def write_nothing() -> None:
    """No file of this process may grow, and it leaves no core of its memory when it ends by an error."""
    _lower(resource.RLIMIT_FSIZE, 0)
    _lower(resource.RLIMIT_CORE, 0)


def _lower(kind: int, most: int) -> None:
    most = min([most, *(limit for limit in resource.getrlimit(kind) if limit != resource.RLIM_INFINITY)])
    resource.setrlimit(kind, (most, most))
