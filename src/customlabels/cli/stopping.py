"""How a command that goes on is ended: Ctrl-C or SIGTERM."""

from __future__ import annotations

import signal
import threading


def stop_signal() -> threading.Event:
    """An event that is set when somebody wants this process to end."""
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    return stopping


def await_stop(stopping: threading.Event) -> None:
    """Wait until it is to end, and say that it does."""
    while not stopping.wait(3600):
        pass
    print("Stopping.", flush=True)
