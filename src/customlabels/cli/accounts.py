"""`customlabels accounts`: tenants of one server, add and list."""

from __future__ import annotations

import argparse

from customlabels.cli.exits import OK
from customlabels.cli.homes import open_home
from customlabels.cli.tables import print_table


def run(args: argparse.Namespace) -> int:
    from customlabels.service.access import users

    with open_home(args) as service:
        match args.action:
            case "add":
                print(f"Added {args.name}, account {users.add_account(service.database, args.name)}.")
            case "list":
                rows = users.list_accounts(service.database)
                print_table(("Name", "Account"), ((row.name, row.id) for row in rows))
    return OK
