"""Running models as applications of Ray Serve, one for each, whose replicas are the inference units.

Ray Serve keeps their number, replaces those that are lost, and is asked through handles, not over HTTP. Applications
outlive a server: the next one, or another one of the same installation, goes on with those that are still wanted.
"""

from __future__ import annotations

import hashlib
import logging
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

from ray import serve
from ray.exceptions import RayError
from ray.serve.schema import ApplicationStatus, ApplicationStatusOverview, ReplicaState

from customlabels.engine.fleet import REQUEST_SECONDS
from customlabels.engine.lanes import WAIT_SECONDS, CapacityExceeded
from customlabels.engine.process import LANES, UnitLost
from customlabels.engine.ray.replica import Locate, Replica
from customlabels.engine.scaling import DOWN_SECONDS, HIGH, UP_SECONDS
from customlabels.engine.units import LOAD_ATTEMPTS, Counts, NotRunning, Wanted
from customlabels.engine.wire import Answer, Question

log = logging.getLogger(__name__)
LOOK_SECONDS = 0.5
ORPHAN_SECONDS = 60.0
"""How long an application may be unknown to this server, which may be behind the others, before it is ended."""
CLOSE_SECONDS = 30.0
"""How long a call to Ray that is under way may take when the fleet is closed: none must come after it was left."""
UNIT = "unit"
"""Name of the one deployment of each application."""
TRIES = 2
"""A request whose replica is lost goes to another one, once: finding labels changes nothing, so it may be repeated."""
_QUIET = {"log_level": "WARNING", "enable_access_log": False}
_ENDING = (ApplicationStatus.DELETING, ApplicationStatus.NOT_STARTED)


class _Model:
    """One model that is to run, its application, and the requests of this server for it."""

    def __init__(self, name: str, wanted: Wanted, application: str) -> None:
        self.name = name
        self.wanted = wanted
        self.application = application
        self.failure: str | None = None
        self.has_run = False
        self.desired = 0
        self.in_service = 0
        self.ready = threading.Event()
        """Set when the application can be asked, or never will."""
        self.closed = False
        self.handle: Any = None
        self._requests = 0
        self._lock = threading.Lock()

    def ask(self, question: Question, queue: int) -> Answer:
        """Raises NotRunning, CapacityExceeded, UnitLost."""
        with self._lock:
            if self._requests >= queue * max(self.wanted.least, self.in_service):
                raise CapacityExceeded
            self._requests += 1
        try:
            return self._ask(question)
        finally:
            with self._lock:
                self._requests -= 1

    def _ask(self, question: Question) -> Answer:
        deadline = time.monotonic() + WAIT_SECONDS + REQUEST_SECONDS
        self.ready.wait(WAIT_SECONDS)
        lost: Exception | None = None
        for _ in range(TRIES):
            if self.failure is not None:
                raise UnitLost(self.failure)
            if self.closed:
                raise NotRunning
            if self.handle is None:
                raise CapacityExceeded
            response = self.handle.remote(question)
            try:
                found: Answer = response.result(timeout_s=max(0.0, deadline - time.monotonic()))
            except TimeoutError as error:
                response.cancel()
                seconds = WAIT_SECONDS + REQUEST_SECONDS
                raise UnitLost(f"No inference unit answered within {seconds:g} seconds.") from error
            except (RayError, serve.exceptions.RayServeException) as error:
                lost = error
            else:
                return found
        if self.closed:
            raise NotRunning
        raise UnitLost("The inference unit ended while it worked on the image; it is replaced.") from lost


class RayFleet:
    """Runs models by name, as `engine.fleet.Fleet` does, on the cluster that this process has joined.

    `scope` tells the applications of this installation from those of others on the same cluster. `queue` is how many
    requests this server may have at a unit (0: any number). Each unit asks for `cores`. `locate` is imported by the
    nodes, so it must be a function of a module.
    """

    here = False

    def __init__(self, scope: str, queue: int, cores: int, locate: Locate, environment: Mapping[str, str]) -> None:
        self.news = threading.Event()
        self._prefix = f"customlabels-{scope}-"
        self._queue = queue or sys.maxsize
        self._cores = cores
        self._locate = locate
        self._environment = dict(environment)
        self._models: dict[str, _Model] = {}
        self._leaving: dict[str, str] = {}  # models by the application that is to end
        self._unknown: dict[str, float] = {}  # since when applications are there that this server knows nothing of
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._closed = False
        self._keeper = threading.Thread(target=self._keep, name="ray-fleet", daemon=True)
        self._keeper.start()

    def run(self, wanted: Mapping[str, Wanted]) -> None:
        with self._lock:
            for name, model in list(self._models.items()):
                if wanted.get(name) != model.wanted:
                    model.closed = True
                    model.ready.set()
                    self._leaving[model.application] = name
                    del self._models[name]
            for name, new in wanted.items():
                if name not in self._models:
                    application = self._application(name, new)
                    self._leaving.pop(application, None)
                    self._models[name] = _Model(name, new, application)
        self._wake.set()

    def ask(self, name: str, question: Question) -> Answer:
        model = self._models.get(name)
        if model is None:
            raise NotRunning
        return model.ask(question, self._queue)

    def counts(self) -> dict[str, Counts]:
        with self._lock:
            return {
                name: Counts(model.wanted.least, model.wanted.most, model.desired, model.in_service)
                for name, model in self._models.items()
            }

    def failures(self) -> dict[str, str]:
        with self._lock:
            return {name: model.failure for name, model in self._models.items() if model.failure is not None}

    def present(self) -> set[str]:
        with self._lock:
            return {*self._models, *self._leaving.values()}

    def close(self) -> None:
        """Serve no more calls. The applications stay: other servers may use them, and the next one will."""
        self._closed = True
        self._wake.set()
        self._keeper.join(CLOSE_SECONDS)

    def _application(self, name: str, wanted: Wanted) -> str:
        """A name that any server of this installation gives to this model in these numbers."""
        identity = f"{name} {wanted.model} {wanted.least} {wanted.most}"
        return self._prefix + hashlib.sha256(identity.encode()).hexdigest()[:16]

    def _keep(self) -> None:
        started = False
        while not self._closed:
            try:
                if not started:  # which takes seconds in a cluster that has no Ray Serve yet
                    serve.start(proxy_location="Disabled", logging_config=_QUIET)
                    started = True
                self._tick()
            except Exception:  # of Ray, which may come back
                log.exception("the applications of running models could not be looked after, for now")
            self._wake.wait(LOOK_SECONDS)
            self._wake.clear()

    def _tick(self) -> None:
        with self._lock:
            known = {model.application: model for model in self._models.values()}
            ended = {*self._leaving, *(name for name, model in known.items() if model.failure is not None)}
        there = {
            application: found
            for application, found in serve.status().applications.items()
            if application.startswith(self._prefix) and found.status is not ApplicationStatus.NOT_STARTED
        }
        at = time.monotonic()
        unknown = there.keys() - known.keys() - ended
        self._unknown = {application: self._unknown.get(application, at) for application in unknown}
        orphans = {application for application, since in self._unknown.items() if at - since > ORPHAN_SECONDS}
        for application in there.keys() & (ended | orphans):
            if there[application].status is not ApplicationStatus.DELETING:
                serve.delete(application, _blocking=False)
        for application, model in known.items():
            if application in ended:
                continue
            if application not in there:
                self._deploy(model)
            else:
                self._observe(model, there[application])
        with self._lock:
            gone = [application for application in self._leaving if application not in there]
            for application in gone:
                del self._leaving[application]
        if gone:
            self.news.set()

    def _deploy(self, model: _Model) -> None:
        least, most = model.wanted.least, model.wanted.most
        numbers: dict[str, Any] = {"num_replicas": least}
        if most > least:
            numbers = {
                "autoscaling_config": {
                    "min_replicas": least,
                    "max_replicas": most,
                    "target_ongoing_requests": HIGH * LANES,
                    "upscale_delay_s": UP_SECONDS,
                    "downscale_delay_s": DOWN_SECONDS,
                    "metrics_interval_s": UP_SECONDS / 2,
                    "look_back_period_s": UP_SECONDS,
                }
            }
        deployment = serve.deployment(
            Replica,
            name=UNIT,
            max_ongoing_requests=LANES,
            ray_actor_options={"num_cpus": self._cores},
            max_constructor_retry_count=LOAD_ATTEMPTS,
            health_check_period_s=5,
            graceful_shutdown_timeout_s=REQUEST_SECONDS,
            logging_config=_QUIET,
            **numbers,
        )
        target = deployment.bind(self._locate, self._environment, model.wanted.model, self._cores)
        run = serve.RunTarget(target, model.application, None, _QUIET)
        serve.run_many([run], wait_for_applications_running=False)

    def _observe(self, model: _Model, found: ApplicationStatusOverview) -> None:
        unit = found.deployments.get(UNIT)
        states = unit.replica_states if unit is not None else {}
        running = 0 if found.status in _ENDING else states.get(ReplicaState.RUNNING, 0)
        changed = bool(running) != bool(model.in_service)
        model.desired = sum(n for state, n in states.items() if state is not ReplicaState.STOPPING)
        model.in_service = running
        if running and not model.has_run:
            model.handle = serve.get_app_handle(model.application)
            model.has_run = True
            model.ready.set()
        elif found.status is ApplicationStatus.DEPLOY_FAILED and not model.has_run:
            message = unit.message if unit is not None else found.message
            model.failure = f"The model cannot be loaded: {_last_line(message)}"
            model.ready.set()
            changed = True
        if changed:
            self.news.set()


def _last_line(message: str) -> str:
    """What an exception says that Ray Serve shows with its traceback, without the name of its class."""
    lines = [line for line in message.splitlines() if line.strip()] or ["Ray Serve does not say why."]
    return lines[-1].strip().partition("Error: ")[2] or lines[-1].strip()
