"""The commands and their flags. Nothing heavy is imported here."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from customlabels.cli.exits import MEANINGS

FORMATS = ("groundtruth", "folders", "coco", "voc", "yolo", "csv")
EFFORTS = ("fast", "balanced", "best")

_DATA = "a manifest, a COCO or CSV file, or a folder of pictures with labels"
_FORMAT = "format of the data; recognised by itself if left out"


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    codes = "\n".join(f"  {code:<4} {meaning}" for code, meaning in MEANINGS.items())
    root = argparse.ArgumentParser(
        prog="customlabels",
        description="Learn from a few labelled pictures, on a CPU, in seconds.",
        epilog=f"exit codes:\n{codes}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    root.add_argument("--version", action="version", version=f"customlabels {version('customlabels')}")
    commands = root.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for add in (_train, _evaluate, _detect, _convert, _inspect):
        add(commands.add_parser)
    return root


Add = Callable[..., argparse.ArgumentParser]


def _train(add: Add) -> None:
    command = add("train", help="learn a model from labelled pictures")
    command.add_argument("data", type=Path, metavar="DATA", help=_DATA)
    command.add_argument("--out", type=Path, required=True, metavar="MODEL", help="folder to write the model to")
    command.add_argument(
        "--test", type=Path, metavar="DATA", help="pictures to test with; without it a fifth of DATA is kept for that"
    )
    command.add_argument("--format", choices=FORMATS, help=_FORMAT)
    command.add_argument(
        "--effort", choices=EFFORTS, default="balanced", help="how much time to spend (default: balanced)"
    )
    command.add_argument("--seed", type=_seed, default=0, help="makes a run repeatable (default: 0)")
    _json(command)


def _evaluate(add: Add) -> None:
    command = add("evaluate", help="score a model on labelled pictures")
    command.add_argument("model", type=Path, metavar="MODEL", help="folder of a trained model")
    command.add_argument("data", type=Path, metavar="DATA", help=_DATA)
    command.add_argument("--format", choices=FORMATS, help=_FORMAT)
    _json(command)


def _detect(add: Add) -> None:
    command = add("detect", help="find labels in pictures")
    command.add_argument("model", type=Path, metavar="MODEL", help="folder of a trained model")
    command.add_argument("images", type=Path, nargs="+", metavar="IMAGE", help="JPEG or PNG file")
    command.add_argument(
        "--min-confidence",
        type=_percent,
        metavar="PERCENT",
        help="return what has at least this confidence; without it each label's assumed threshold decides",
    )
    command.add_argument("--max-results", type=_count, metavar="N", help="keep the N most confident of each picture")
    command.add_argument(
        "--save", type=Path, metavar="DIR", help="write the pictures with what was found drawn on them"
    )
    _json(command, "print one JSON object a picture, as DetectCustomLabels answers")


def _convert(add: Add) -> None:
    command = add("convert", help="write labelled pictures in another format")
    command.add_argument("data", type=Path, metavar="DATA", help=_DATA)
    command.add_argument("out", type=Path, metavar="OUT", help="file or folder to write")
    command.add_argument("--to", choices=FORMATS, required=True, help="format to write")
    command.add_argument("--from", dest="format", choices=FORMATS, help=_FORMAT)
    _json(command)


def _inspect(add: Add) -> None:
    command = add("inspect", help="count labelled pictures and name what is wrong with them")
    command.add_argument("data", type=Path, metavar="DATA", help=_DATA)
    command.add_argument("--format", choices=FORMATS, help=_FORMAT)
    _json(command)


def _json(command: argparse.ArgumentParser, words: str = "print JSON for scripts instead of tables") -> None:
    command.add_argument("--json", action="store_true", help=words)


def _percent(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is not a percentage from 0 to 100")
    return value


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 on")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**63:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to 2**63 - 1")
    return int(text)
