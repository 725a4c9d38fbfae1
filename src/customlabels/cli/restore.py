"""`customlabels restore`."""

from __future__ import annotations

import argparse
import shlex
import sys

from customlabels.cli.exits import DATA, OK


def run(args: argparse.Namespace) -> int:
    """Make a home of a backup."""
    from customlabels.settings import Settings
    from customlabels.store.restore import restore

    settings = Settings.from_environment(home=args.home)
    done = restore(settings, args.file)
    print(f"{settings.home}: {done.objects:,} objects ({done.bytes / 1e6:,.1f} MB), {done.models:,} models.")
    print(f"Start it: customlabels serve --home {shlex.quote(str(settings.home))}")
    for name in done.missing:
        print(f"Not in the backup, or damaged: {name}", file=sys.stderr)
    return DATA if done.missing else OK
