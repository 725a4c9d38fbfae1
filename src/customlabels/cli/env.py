"""`customlabels env`: the settings that AWS's clients need, as lines for a shell."""

from __future__ import annotations

import argparse

from customlabels.cli.exits import OK, UsageError
from customlabels.cli.homes import command_for, settings_of


def run(args: argparse.Namespace) -> int:
    from customlabels.server import running_endpoint
    from customlabels.service.access.keys import administrator_key
    from customlabels.service.service import open_service

    settings = settings_of(args)
    if not settings.home.is_dir():
        raise UsageError(f"There is no home {settings.home} yet: `{command_for('serve', settings)}` makes it.")
    service = open_service(settings)
    try:
        key = administrator_key(service.database, service.account)
    finally:
        service.close()
    if key is None:
        raise UsageError(
            f"No administrator of {settings.home} has an enabled key: "
            f"`{command_for('keys create administrator', settings)}` makes one."
        )
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    endpoint = running_endpoint(settings.home) or f"http://{host}:{settings.port}"
    variables = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": key.id,
        "AWS_SECRET_ACCESS_KEY": key.secret,
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_REGION": settings.region,
    }
    for name, value in variables.items():
        quoted = value.replace("'", "'\\''")
        print(f"export {name}='{quoted}'")
    return OK
