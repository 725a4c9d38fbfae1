"""`customlabels users`: who may call, add, list and remove; and links to sign in with."""

from __future__ import annotations

import argparse
import shlex

from customlabels.cli.exits import OK
from customlabels.cli.homes import command_for, open_home
from customlabels.cli.tables import print_table


def run(args: argparse.Namespace) -> int:
    from customlabels.home import address_of
    from customlabels.service.access import users
    from customlabels.service.access.sessions import make_link, sign_in_address

    with open_home(args) as service:
        account = args.account or service.account
        match args.action:
            case "add":
                users.add_user(service.database, account, args.name, args.policy)
                keys = shlex.join(["keys", "create", args.name, *(["--account", args.account] if args.account else [])])
                print(f"Added {args.name}. A key for it: {command_for(keys, service.settings)}")
            case "remove":
                users.remove_user(service.database, account, args.name)
                print(f"Removed {args.name} and its keys.")
            case "link":
                token = make_link(service.database, account, args.name)
                print(sign_in_address(address_of(service.settings).console, token))
            case "list":
                found = users.list_users(service.database, account)
                print_table(("User", "Policies"), ((name, ", ".join(policies)) for name, policies in found))
    return OK
