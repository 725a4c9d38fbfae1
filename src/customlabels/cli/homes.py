"""Which home a command works on."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from customlabels.cli.exits import UsageError
from customlabels.settings import Settings

if TYPE_CHECKING:
    from customlabels.service.service import Service


def settings_of(args: argparse.Namespace, **given: Any) -> Settings:
    """The settings, with `--home` before its variable. Raises SettingError."""
    return Settings.from_environment(home=args.home, **given)


@contextmanager
def open_home(args: argparse.Namespace) -> Iterator[Service]:
    """The state of a home that a server has made. Raises UsageError, SettingError, and what `open_service` raises."""
    from customlabels.service.service import open_service

    settings = settings_of(args)
    if not settings.home.is_dir():
        raise UsageError(f"There is no home {settings.home} yet: `{command_for('serve', settings)}` makes it.")
    service = open_service(settings)
    try:
        yield service
    finally:
        service.close()


def command_for(command: str, settings: Settings) -> str:
    """How to call another command for the same home."""
    home = [] if settings.home == Settings.from_environment().home else ["--home", str(settings.home)]
    return shlex.join(["customlabels", *command.split(), *home])
