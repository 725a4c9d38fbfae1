"""`customlabels env`: the settings that AWS's clients need, as lines for a shell."""

from __future__ import annotations

import argparse
import os
import sys

from customlabels.cli.exits import OK, UsageError
from customlabels.cli.homes import command_for, open_home


def run(args: argparse.Namespace) -> int:
    from customlabels.home import address_of
    from customlabels.service.access.keys import administrator_key

    with open_home(args) as service:
        settings = service.settings
        key = administrator_key(service.database, service.account)
    if key is None:
        raise UsageError(
            f"No administrator of {settings.home} has an enabled key: "
            f"`{command_for('keys create administrator', settings)}` makes one."
        )
    address = address_of(settings)
    variables = {
        "AWS_ENDPOINT_URL": address.endpoint,
        "AWS_ACCESS_KEY_ID": key.id,
        "AWS_SECRET_ACCESS_KEY": key.secret,
        "AWS_DEFAULT_REGION": address.region,
        "AWS_REGION": address.region,
    }
    for name, value in variables.items():
        quoted = value.replace("'", "'\\''")
        print(f"export {name}='{quoted}'")
    for name in ("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"):
        if os.environ.get(name):
            print(f"{name} is set here, and this server refuses session tokens: unset {name}", file=sys.stderr)
    return OK
