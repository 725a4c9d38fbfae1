"""Which home a command works on."""

from __future__ import annotations

import argparse
import shlex
from typing import Any

from customlabels.settings import Settings


def settings_of(args: argparse.Namespace, **given: Any) -> Settings:
    """The settings, with `--home` before its variable. Raises SettingError."""
    return Settings.from_environment(home=args.home, **given)


def command_for(command: str, settings: Settings) -> str:
    """How to call another command for the same home."""
    home = [] if settings.home == Settings.from_environment().home else ["--home", str(settings.home)]
    return shlex.join(["customlabels", *command.split(), *home])
