"""`customlabels policy`: what a user may do, attach and detach."""

from __future__ import annotations

import argparse
from pathlib import Path

from customlabels.cli.exits import OK
from customlabels.cli.homes import open_home


def run(args: argparse.Namespace) -> int:
    from customlabels.service.access import users
    from customlabels.service.access.policies import read

    with open_home(args) as service:
        account = args.account or service.account
        if args.action == "detach":
            users.detach(service.database, account, args.user, args.policy)
        elif args.policy.endswith(".json"):
            path = Path(args.policy)
            document = read(path.read_text(encoding="utf-8", errors="replace"))
            users.attach(service.database, account, args.user, path.stem, document)
        else:
            users.attach(service.database, account, args.user, args.policy)
    print(f"{args.user}: {args.policy} {args.action}ed.")
    return OK
