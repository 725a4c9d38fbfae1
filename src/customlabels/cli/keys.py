"""`customlabels keys`: access keys of users, create, list, disable and rotate."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from customlabels.cli.exits import OK
from customlabels.cli.homes import open_home
from customlabels.cli.tables import print_table

if TYPE_CHECKING:
    from customlabels.service.access.keys import Key


def run(args: argparse.Namespace) -> int:
    from customlabels.service.access import keys

    with open_home(args) as service:
        account = args.account or service.account
        match args.action:
            case "create":
                _show(keys.create_key(service.database, account, args.name))
            case "rotate":
                _show(keys.rotate_keys(service.database, account, args.name))
            case "disable":
                keys.disable_key(service.database, args.name)
                print(f"Disabled {args.name}.")
            case "list":
                rows = keys.list_keys(service.database, account, args.name)
                print_table(
                    ("Key", "Enabled", "Created"),
                    ((row.id, "yes" if row.enabled else "no", _date(row.created)) for row in rows),
                )
    return OK


def _show(key: Key) -> None:
    print(f"AWS_ACCESS_KEY_ID={key.id}")
    print(f"AWS_SECRET_ACCESS_KEY={key.secret}")


def _date(milliseconds: int) -> str:
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M}"
