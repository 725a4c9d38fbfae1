"""The commands and their flags. Nothing heavy is imported here."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from customlabels.cli.exits import MEANINGS
from customlabels.settings import ENGINES

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
    for add in (_train, _evaluate, _detect, _convert, _inspect, *_SERVER):
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
    command.add_argument(
        "--backbone", metavar="MODEL", help="start from this model of the Hugging Face hub, an id or a folder"
    )
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
    command.add_argument(
        "--s3",
        metavar="PREFIX",
        help="s3://bucket/path that the folder of DATA is, or will be, copied to; for groundtruth",
    )
    _json(command)


def _inspect(add: Add) -> None:
    command = add("inspect", help="count labelled pictures and name what is wrong with them")
    command.add_argument("data", type=Path, metavar="DATA", help=_DATA)
    command.add_argument("--format", choices=FORMATS, help=_FORMAT)
    _json(command)


def _serve(add: Add) -> None:
    command = add("serve", help="run the server, until Ctrl-C")
    command.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    command.add_argument("--port", type=_port, help="port to listen on; 0 takes a free one (default: 8321)")
    command.add_argument(
        "--no-workers", action="store_true", help="serve only; `customlabels work` elsewhere does jobs"
    )
    command.add_argument("--engine", choices=ENGINES, help="where trainings and models run (default: local)")
    command.add_argument("--ray-address", metavar="HOST:PORT", help="Ray cluster (default: a Ray of this machine)")
    _home(command)


def _work(add: Add) -> None:
    _home(add("work", help="do the jobs of a database that others serve, until Ctrl-C"))


def _env(add: Add) -> None:
    _home(add("env", help="print the settings that AWS's clients need, as lines for a shell"))


def _accounts(add: Add) -> None:
    command = add("accounts", help="accounts of the server: each has its own users, projects and buckets")
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True, help="what to do")
    new = actions.add_parser("add", help="make an account")
    new.add_argument("name", metavar="NAME", help="name of the account")
    for action in (new, actions.add_parser("list", help="list accounts and their ids")):
        _home(action)


def _users(add: Add) -> None:
    command = add("users", help="users of an account")
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True, help="what to do")
    new = actions.add_parser("add", help="make a user")
    new.add_argument("name", metavar="USER", help="name of the user")
    new.add_argument("--policy", action="append", default=[], metavar="PRESET", help="what the user may do; repeatable")
    old = actions.add_parser("remove", help="remove a user and all keys of it")
    old.add_argument("name", metavar="USER", help="name of the user")
    link = actions.add_parser("link", help="make a link with which a user signs in to the console, once")
    link.add_argument("name", metavar="USER", help="name of the user")
    for action in (new, old, link, actions.add_parser("list", help="list users and their policies")):
        _account(action)


def _keys(add: Add) -> None:
    command = add("keys", help="access keys of users")
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True, help="what to do")
    words = {
        "create": "make a key and print its secret",
        "list": "list keys",
        "rotate": "make a key, disable the others",
    }
    for name, help_ in words.items():
        action = actions.add_parser(name, help=help_)
        action.add_argument("name", metavar="USER", help="name of the user")
        _account(action)
    disable = actions.add_parser("disable", help="let a key be refused from now on")
    disable.add_argument("name", metavar="KEY-ID", help="id of the key")
    _account(disable)


def _policy(add: Add) -> None:
    command = add("policy", help="what users may do")
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True, help="what to do")
    for name, help_ in {"attach": "give a user a policy", "detach": "take a policy from a user"}.items():
        action = actions.add_parser(name, help=help_)
        action.add_argument("user", metavar="USER", help="name of the user")
        action.add_argument("policy", metavar="POLICY", help="a preset, or a JSON file (to detach: its name)")
        _account(action)


def _cancel(add: Add) -> None:
    command = add("cancel", help="stop a training")
    command.add_argument("arn", metavar="ARN", help="ARN of the model version that is trained")
    _home(command)


def _objects(add: Add) -> None:
    command = add("objects", help="look after the folder of buckets")
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True, help="what to do")
    scan = actions.add_parser("scan", help="make objects of files that were put into the folder of a bucket")
    scan.add_argument("--bucket", metavar="NAME", help="scan this bucket only")
    _home(scan)
    _json(scan)


def _backup(add: Add) -> None:
    command = add("backup", help="write a home into one file, while its server runs or not")
    command.add_argument("file", type=Path, metavar="FILE", help="tar archive to write")
    _home(command)


def _restore(add: Add) -> None:
    command = add("restore", help="make a home of a backup")
    command.add_argument("file", type=Path, metavar="FILE", help="what `customlabels backup` wrote")
    command.add_argument("--home", type=Path, required=True, metavar="DIR", help="folder to make; not there yet")


_SERVER = (_serve, _work, _env, _accounts, _users, _keys, _policy, _cancel, _objects, _backup, _restore)


def _home(command: argparse.ArgumentParser) -> None:
    command.add_argument("--home", type=Path, metavar="DIR", help="home of the server (default: CUSTOMLABELS_HOME)")


def _account(command: argparse.ArgumentParser) -> None:
    command.add_argument("--account", metavar="ACCOUNT", help="name or id (default: the account of the first start)")
    _home(command)


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


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 0 to 65535")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**63:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to 2**63 - 1")
    return int(text)
