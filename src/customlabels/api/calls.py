"""A call on its way through the server: who, what, how long; the line in the log and the numbers in the metrics."""

from __future__ import annotations

import logging
import time
import uuid
from dataclasses import dataclass, field

from starlette.requests import Request

from customlabels.api.audit import Audit
from customlabels.api.metrics import Metrics
from customlabels.engine.decoders import DecodersBusy
from customlabels.service.access.caller import Caller
from customlabels.service.errors import InternalServerError, ServiceError, ThrottlingException
from customlabels.store.database import DatabaseUnavailable
from customlabels.store.objects import StoreUnavailable

log = logging.getLogger(__name__)


@dataclass
class Call:
    """One call on its way: what it turned out to be, for the log and the counts."""

    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    began: float = field(default_factory=time.monotonic)
    caller: Caller | None = None
    operation: str = "-"
    resource: str = "*"


@dataclass(frozen=True)
class Calls:
    """Writes calls down."""

    audit: Audit
    metrics: Metrics

    def note(self, request: Request, call: Call, status: int, code: str) -> None:
        """A call has ended with this HTTP status and error code (OK for none)."""
        seconds = time.monotonic() - call.began
        source = request.client.host if request.client else "-"
        self.audit.record(call.caller, call.operation, call.resource, code, call.id, source, 1000 * seconds)
        self.metrics.record(call.operation, status, code, seconds)


def told(problem: Exception, call: Call) -> ServiceError:
    """What the caller is told of a problem; the log has the rest, under the request's id."""
    match problem:
        case ServiceError():
            return problem
        case DatabaseUnavailable() | StoreUnavailable():
            log.error("request %s: %s", call.id, problem)
            unavailable = ThrottlingException("Service Unavailable")
            unavailable.status = 500
            return unavailable
        case DecodersBusy():
            return ThrottlingException(str(problem))
        case _:
            log.error("request %s: %s on %s failed", call.id, call.operation, call.resource, exc_info=problem)
            return InternalServerError("Internal server error")
