"""`customlabels cancel`: stop a training."""

from __future__ import annotations

import argparse

from customlabels.cli.exits import OK
from customlabels.cli.homes import settings_of


def run(args: argparse.Namespace) -> int:
    from customlabels.service.access.caller import Caller
    from customlabels.service.arn import account_of
    from customlabels.service.service import open_service
    from customlabels.service.versions import cancel_training

    service = open_service(settings_of(args))
    try:
        cancel_training(service, Caller.administrator(account_of(args.arn)), args.arn)
    finally:
        service.close()
    print("The training will stop in a moment.")
    return OK
