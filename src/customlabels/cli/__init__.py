"""The command line. Each command's module is imported when it is called, so that `--help` answers at once."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from customlabels.cli.arguments import parser
from customlabels.cli.exits import CANCELLED, FAILED, code_for


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line with these arguments (the process's own by default) and return the exit code."""
    # OpenMP reads this once, when it is loaded: idle threads must sleep, or a second busy process slows both tenfold.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a label that the terminal cannot show is no reason to fail
    try:
        args = parser().parse_args(argv)
    except SystemExit as error:  # argparse: 0 after --help and --version, 2 for a usage error
        return error.code if isinstance(error.code, int) else FAILED
    try:
        code: int = import_module(f"customlabels.cli.{args.command}").run(args)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print("Cancelled.", file=sys.stderr)
        return CANCELLED
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        code_ = code_for(error)
        if code_ is None:
            raise
        print(f"customlabels {args.command}: {error}", file=sys.stderr)
        return code_
