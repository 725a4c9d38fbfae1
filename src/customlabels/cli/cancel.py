"""`customlabels cancel`: stop a training."""

from __future__ import annotations

import argparse

from customlabels.cli.exits import OK, UsageError
from customlabels.cli.homes import open_home


def run(args: argparse.Namespace) -> int:
    from customlabels.service.access.caller import Caller
    from customlabels.service.arn import VERSION, account_of
    from customlabels.service.versions import cancel_training

    if VERSION.fullmatch(args.arn) is None:
        raise UsageError(
            f"{args.arn!r} is not the ARN of a model version: arn:aws:rekognition:...:project/NAME/version/..."
        )
    with open_home(args) as service:
        cancel_training(service, Caller.administrator(account_of(args.arn)), args.arn)
    print("The training will stop in a moment.")
    return OK
