"""What more pictures cost: `python benchmarks/cost.py [--images 30,100,300,1000,10000] [--task T] [--plot FILE.webp]`.

The pictures are those of `large.py`: handwritten digits on photographs and textures, ten labels, one digit a picture in
classification and one to three in detection. Each training runs through the public interface in a process of its own,
which splits the pictures itself (a fifth is for testing). The seconds run from the call to the report on disk, torch's
import included and drawing left out; the memory is the peak of the process tree, shared and mapped pages included.

`--json FILE` keeps the figures; `--from FILE` reads such a file instead of training.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from calibration import apart
from customlabels.manifest.entry import Dataset, Entry
from large import Run, draw, read
from machine import PeakMemory, describe

TASKS = ("classification", "detection")


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=_numbers, default=[30, 100, 300, 1000, 10_000], metavar="N,N,...")
    parser.add_argument("--task", action="append", default=[], choices=TASKS, help="only this task (repeatable)")
    parser.add_argument("--effort", default="balanced", choices=["fast", "balanced", "best"])
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--from", type=Path, metavar="FILE", dest="source", help="figures that --json kept")
    parser.add_argument("--plot", type=Path, metavar="FILE.webp")
    args = parser.parse_args(argv)
    tasks = args.task or TASKS
    print(describe() if args.source is None else f"from {args.source}")
    print("| task | images | labels | effort | macro F1 | seconds | peak MB |\n" + "| --- " * 7 + "|", flush=True)
    runs: list[Run] = []
    if args.source is not None:
        runs = [run for run in (Run(**stored) for stored in json.loads(args.source.read_text())) if run.task in tasks]
        for run in runs:
            print_row(run)
    else:
        for count in sorted(args.images):  # both tasks' cheap trainings first
            for task in tasks:
                runs.append(measure(task, count, args.effort))
                print_row(runs[-1])
                if args.json:
                    args.json.write_text(json.dumps([asdict(run) for run in runs], indent=1) + "\n")
    if args.plot:
        plot(runs, args.plot)


def measure(task: str, count: int, effort: str) -> Run:
    """A training on `count` drawn pictures."""
    with tempfile.TemporaryDirectory() as folder:
        entries = draw(task, count, Path(folder))
        if task == "classification":  # "one on brick" to "one": thirty pictures are too few for a hundred labels
            entries = tuple(replace(e, labels=tuple(name.split(" on ")[0] for name in e.labels or ())) for e in entries)
        return apart(_trained, task, entries, Path(folder), effort)


def _trained(task: str, entries: tuple[Entry, ...], folder: Path, effort: Any) -> Run:
    labels = tuple(sorted({name for entry in entries for name in entry.all_labels}))
    with PeakMemory() as memory:
        began = time.monotonic()
        from customlabels.vision.train import train

        model = train(Dataset(entries, labels, read), folder / "model", effort=effort)
        seconds = time.monotonic() - began
    assert model.evaluation is not None
    assert model.task == task
    return Run(task, len(entries), len(labels), effort, model.evaluation.f1, seconds, memory.megabytes)


def print_row(run: Run) -> None:
    print(
        f"| {run.task} | {run.images:,} | {run.labels} | {run.effort} | {run.f1:.3f} | {run.seconds:.1f} "
        f"| {run.megabytes:.0f} |",
        flush=True,
    )


def plot(runs: Sequence[Run], path: Path) -> None:
    """Seconds on the left, megabytes on the right, both against the number of images, both axes logarithmic."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

    import plots

    figure, axes = plots.panels(1, 2, 3.4)
    counts = sorted({run.images for run in runs})
    figures = (("seconds", "Seconds to the report"), ("megabytes", "Peak memory in MB"))
    for place, (name, title) in zip(axes, figures, strict=True):
        ends = {}
        for task in dict.fromkeys(run.task for run in runs):
            mine = sorted((run for run in runs if run.task == task), key=lambda run: run.images)
            values = [getattr(run, name) for run in mine]
            place.plot([run.images for run in mine], values, "o-", color=plots.COLOURS[task], markersize=4)
            ends[task] = (mine[-1].images, values[-1])
        for task, end in ends.items():
            side = 1 if end[1] == max(value for _, value in ends.values()) else -1
            place.annotate(
                task.capitalize(),
                end,
                (7, 4 * side),
                textcoords="offset points",
                va="center",
                color=plots.COLOURS[task],
            )
        place.set(xscale="log", yscale="log", xlabel="Images", xticks=counts)
        place.set_title(title, loc="left")
        values = [getattr(run, name) for run in runs]
        place.set_ylim(min(values) / 2, max(values) * 2)
        place.xaxis.set_minor_locator(NullLocator())
        place.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        place.yaxis.set_minor_formatter(NullFormatter())
        for axis in (place.xaxis, place.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        place.grid(axis="y")
    plots.save(figure, path)


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


if __name__ == "__main__":
    main()
