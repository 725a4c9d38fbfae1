"""`customlabels objects scan`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from customlabels.cli.exits import DATA, OK, UsageError
from customlabels.cli.tables import print_json

if TYPE_CHECKING:
    from customlabels.store.objects.scan import Findings


def run(args: argparse.Namespace) -> int:
    """Have the objects follow their folders and print what that changed."""
    from customlabels.service.service import open_service
    from customlabels.settings import Settings
    from customlabels.store.objects.scan import scan

    settings = Settings.from_environment(home=args.home)
    if settings.s3_endpoint:
        raise UsageError(
            f"The objects lie at {settings.s3_endpoint} (CUSTOMLABELS_S3_ENDPOINT): there is no folder to scan."
        )
    service = open_service(settings)
    found: list[Findings] = []
    try:
        for findings in scan(settings.buckets, service.database, service.account, args.bucket):
            found.append(findings)
            if not args.json:
                _print(findings)
    finally:
        service.close()
    if args.json:
        print_json({"home": str(settings.home), "buckets": [vars(findings) for findings in found]})
    elif not found:
        print(f"{settings.buckets} has no bucket.")
    return DATA if any(findings.skipped for findings in found) else OK


def _print(findings: Findings) -> None:
    counts = (
        f"{findings.adopted:,} adopted, {findings.changed:,} changed, {findings.removed:,} removed, "
        f"{findings.unchanged:,} unchanged, {len(findings.skipped):,} skipped"
    )
    print(f"{findings.bucket}: {counts}" + (" (new bucket)" if findings.created else ""))
    for path, reason in findings.skipped:
        print(f"  skipped {path!r}: {reason}")
