"""Models on their way to this machine: fetched in the background, so that nobody who looks after others waits."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from customlabels.store.database import DatabaseUnavailable
from customlabels.store.models import Models, NoSuchModel
from customlabels.store.objects import StoreUnavailable

log = logging.getLogger(__name__)
AGAIN_SECONDS = 2.0
"""How soon a fetch that failed for want of the store is tried again."""


class Arrivals:
    """Fetches models; `changed` is called, by any thread, when one has come, or will not."""

    def __init__(self, models: Models, changed: Callable[[], None]) -> None:
        self._models = models
        self._changed = changed
        self._lock = threading.Lock()  # of what follows
        self._under_way: set[str] = set()
        self._failures: dict[str, str] = {}
        self._mended: dict[str, bool] = {}
        self._again: dict[str, float] = {}

    def folder(self, name: str) -> Path | None:
        """The folder of a model that is here. None for one that is not, which is fetched from now on."""
        path = self._models.here(name)
        if path is None:
            self._begin(name, self._models.folder)
        return path

    def failure(self, name: str) -> str | None:
        """Why a model cannot be had."""
        return self._failures.get(name)

    def mended(self, name: str) -> bool | None:
        """Whether a model that is here was damaged, and has been fetched anew; None while that is looked into."""
        if name not in self._mended:
            self._begin(name, self._mend)
        return self._mended.get(name)

    def forget(self, name: str) -> None:
        """Let what failed be tried, and what was mended be looked into, again."""
        with self._lock:
            self._failures.pop(name, None)
            self._mended.pop(name, None)

    def _mend(self, name: str) -> None:
        self._mended[name] = self._models.mend(name)

    def _begin(self, name: str, do: Callable[[str], object]) -> None:
        with self._lock:
            if name in self._under_way or name in self._failures or time.monotonic() < self._again.get(name, 0.0):
                return
            self._under_way.add(name)
        threading.Thread(target=self._run, args=(name, do), name="fetch-model", daemon=True).start()

    def _run(self, name: str, do: Callable[[str], object]) -> None:
        failure = None
        try:
            do(name)
        except NoSuchModel as error:
            failure = str(error)
        except Exception as error:  # of whatever kind: else it would count as under way for ever
            expected = isinstance(error, StoreUnavailable | DatabaseUnavailable)
            log.warning("the model %s cannot be fetched, for now: %s", name, error, exc_info=not expected)
            self._again[name] = time.monotonic() + AGAIN_SECONDS
        with self._lock:
            self._under_way.discard(name)
            if failure is not None:
                self._failures[name] = failure
        self._changed()


class Elsewhere:
    """In place of `Arrivals` where models run on other machines, which fetch and check them for themselves."""

    def folder(self, name: str) -> Path:
        return Path(name)

    def failure(self, name: str) -> None:
        return None

    def mended(self, name: str) -> bool:
        return False

    def forget(self, name: str) -> None:
        pass
