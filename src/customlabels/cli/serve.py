"""`customlabels serve`: the server, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import os

from customlabels.cli.exits import OK
from customlabels.cli.homes import command_for, settings_of
from customlabels.cli.stopping import await_stop, stop_signal
from customlabels.logs import start_logging


def run(args: argparse.Namespace) -> int:
    from customlabels.server import Server

    os.umask(0o077)  # secrets, images and models are for the owner of the home only
    given = {"host": args.host, "port": args.port, "engine": args.engine, "ray_address": args.ray_address}
    if args.no_workers:
        given |= {"training_workers": 0, "data_workers": 0}
    settings = settings_of(args, **given)
    start_logging(settings, "server")
    stopping = stop_signal()
    with Server(settings) as server:
        print(f"Serving {settings.home} at {server.endpoint}")
        print(f"The console:        {server.console}")
        if server.first_key is not None:
            print("A first access key was made, for the user administrator.")
        print(f'For AWS\'s clients:  eval "$({command_for("env", settings)})"', flush=True)
        await_stop(stopping)
    return OK
