"""Whether the server is well, for monitors and load balancers."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from importlib.metadata import version

from starlette.responses import JSONResponse

from customlabels.service.service import Service
from customlabels.store.database import DatabaseUnavailable

log = logging.getLogger(__name__)


def health(service: Service, workers: Mapping[str, bool]) -> JSONResponse:
    """200 where the database answers, else 503; a worker that is not alive makes the state "degraded"."""
    database = "ok"
    try:
        with service.database.read() as connection:
            connection.exec_driver_sql("SELECT 1")
    except DatabaseUnavailable as error:
        log.error("%s", error)
        database = "unavailable"
    status = "ok" if database == "ok" and all(workers.values()) else "degraded"
    content = {"status": status, "version": version("customlabels"), "database": database, "workers": dict(workers)}
    return JSONResponse(content, 200 if database == "ok" else 503)
