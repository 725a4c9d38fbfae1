"""`customlabels backup`."""

from __future__ import annotations

import argparse
import sys

from customlabels.cli.exits import DATA, OK


def run(args: argparse.Namespace) -> int:
    """Write a home into one file, while its server runs or not."""
    from customlabels.settings import Settings
    from customlabels.store.backup import backup

    settings = Settings.from_environment(home=args.home)
    done = backup(settings, args.file)
    print(f"{args.file}: {done.objects:,} objects ({done.bytes / 1e6:,.1f} MB), {done.models:,} models.")
    if settings.s3_endpoint:
        print(f"The objects in {settings.s3_endpoint} are not in it.")
    print("It holds secret access keys: keep it where only you can read it.")
    for name in done.missing:
        print(f"Not in it, since its file is gone: {name}", file=sys.stderr)
    return DATA if done.missing else OK
