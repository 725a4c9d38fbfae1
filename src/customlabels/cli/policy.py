"""`customlabels policy`: what a user may do, attach and detach."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from customlabels.cli.exits import OK, DataError
from customlabels.cli.homes import settings_of


def run(args: argparse.Namespace) -> int:
    from customlabels.service.access import users
    from customlabels.service.service import open_service

    service = open_service(settings_of(args))
    account = args.account or service.account
    try:
        if args.action == "detach":
            users.detach(service.database, account, args.user, args.policy)
        elif args.policy.endswith(".json"):
            path = Path(args.policy)
            try:
                document = json.loads(path.read_text(encoding="utf-8"))
            except ValueError as error:
                raise DataError(f"{path} is not JSON: {error}") from error
            users.attach(service.database, account, args.user, path.stem, document)
        else:
            users.attach(service.database, account, args.user, args.policy)
    finally:
        service.close()
    print(f"{args.user}: {args.policy} {args.action}ed.")
    return OK
