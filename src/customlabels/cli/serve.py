"""`customlabels serve`: the server, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import os
import signal
import threading

from customlabels.cli.exits import OK
from customlabels.cli.homes import command_for, settings_of
from customlabels.logs import start_logging


def run(args: argparse.Namespace) -> int:
    from customlabels.server import Server

    os.umask(0o077)  # secrets, images and models are for the owner of the home only
    settings = settings_of(args, host=args.host, port=args.port, engine=args.engine, ray_address=args.ray_address)
    start_logging(settings, "server")
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    with Server(settings) as server:
        print(f"Serving {settings.home} at {server.endpoint}")
        print(f"The console:        {server.console}")
        if server.first_key is not None:
            print("A first access key was made, for the user administrator.")
        print(f'For AWS\'s clients:  eval "$({command_for("env", settings)})"', flush=True)
        while not stopping.wait(3600):
            pass
        print("Stopping.", flush=True)
    return OK
