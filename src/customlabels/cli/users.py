"""`customlabels users`: who may call, add, list and remove."""

from __future__ import annotations

import argparse

from customlabels.cli.exits import OK
from customlabels.cli.homes import settings_of
from customlabels.cli.tables import print_table


def run(args: argparse.Namespace) -> int:
    from customlabels.service.access import users
    from customlabels.service.service import open_service

    service = open_service(settings_of(args))
    account = args.account or service.account
    try:
        match args.action:
            case "add":
                users.add_user(service.database, account, args.name, args.policy)
                print(f"Added {args.name}. A key for it: customlabels keys create {args.name}")
            case "remove":
                users.remove_user(service.database, account, args.name)
                print(f"Removed {args.name} and its keys.")
            case "list":
                found = users.list_users(service.database, account)
                print_table(("User", "Policies"), ((name, ", ".join(policies)) for name, policies in found))
    finally:
        service.close()
    return OK
