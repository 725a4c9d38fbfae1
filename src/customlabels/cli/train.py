"""`customlabels train`."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from customlabels.cli.display import Display
from customlabels.cli.exits import OK
from customlabels.cli.tables import evaluation_json, print_evaluation, print_json


def run(args: argparse.Namespace) -> int:
    """Learn, and end with the scores and where to look."""
    from customlabels.vision.train import train

    began = time.monotonic()
    with Display() as display, _interrupts() as cancelled:
        model = train(
            args.data,
            args.out,
            test=args.test,
            effort=args.effort,
            seed=args.seed,
            backbone=args.backbone,
            format=args.format,
            on_progress=display.show,
            cancelled=cancelled.is_set,
        )
    seconds = time.monotonic() - began
    evaluation = model.evaluation
    if args.json:
        scores = None if evaluation is None else evaluation_json(evaluation)
        print_json({"model": str(model.folder), "seconds": seconds, "evaluation": scores})
        return OK
    if evaluation is None:
        print(f"Trained in {seconds:.1f} s")
    else:
        print_evaluation(evaluation, seconds)
    print(f"Model: {model.folder}")
    print(f"Report: {model.folder / 'report.html'}")
    return OK


@contextmanager
def _interrupts() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C sets, so that the work ends tidily; a second Ctrl-C interrupts at once."""
    wanted = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # only there may handlers be set
        yield wanted
        return

    def note(number: int, frame: FrameType | None) -> None:
        wanted.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        print("Cancelling; once more to stop at once.", file=sys.stderr, flush=True)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield wanted
    finally:
        signal.signal(signal.SIGINT, before)
