"""A server of S3 that tells, for each line it reads, the most memory that it has had (in KiB)."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from customlabels.service.service import open_service
from customlabels.settings import Settings

from .conftest import Running


def main(home: str) -> None:
    service = open_service(Settings(home=Path(home)))
    service.objects.create_bucket("photos", service.account)
    server = Running(service)
    print(server.port, flush=True)
    for _ in sys.stdin:
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, flush=True)
    server.close()
    service.close()


if __name__ == "__main__":
    main(sys.argv[1])
