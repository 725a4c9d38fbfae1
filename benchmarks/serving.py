"""What detection costs beside the model itself: `python benchmarks/serving.py IMAGES [--model FOLDER] [--images N]`.

IMAGES is a folder of pictures; without --model they are labelled, and a model is trained on them first. Three ways to
the same answers are measured in one run: the bare loop (decode and network in one process, one image after another, and
by `Model.detect_many`, which decodes ahead), the inference units without HTTP, and `customlabels serve` on a home of
its own. Requests are signed and encoded before
the clock starts. OpenVINO's own benchmark_app runs the same network, one picture after another; with the decoding that
is what the bare loop could reach at best. Columns: processor seconds of the process tree for an image, that over the
bare loop's, images a second, the median and 95th percentile of the latency, and the share of a core that the load
program took itself.
"""

from __future__ import annotations

import argparse
import base64
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil

from customlabels.engine.fleet import Fleet
from customlabels.engine.units import Wanted
from customlabels.engine.wire import Kind, Question
from customlabels.service.arn import project_arn, version_arn
from customlabels.service.service import open_service
from customlabels.settings import Settings
from customlabels.store.tables import projects, versions
from customlabels.vision.framing import frame_image
from customlabels.vision.model import Model
from load import Ask, Measured, Serving, measure, serving
from machine import describe

CONNECTIONS = (1, 4, 16)
QUEUE = 32
CREATED = 1_700_000_000_000


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path, metavar="IMAGES")
    parser.add_argument("--model", type=Path, metavar="FOLDER")
    parser.add_argument("--images", type=int, default=300, metavar="N", help="requests in each measurement")
    parser.add_argument("--units", type=int, default=1, metavar="N", help="inference units")
    args = parser.parse_args(argv)
    paths = sorted(path for path in args.pictures.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    pictures = [path.read_bytes() for path in paths[:50]]
    if not pictures:
        parser.error(f"{args.pictures} holds no pictures.")
    print(describe(), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        model = args.model or _train(args.pictures, Path(folder) / "model")
        size = sum(map(len, pictures)) / len(pictures) / 1000
        print(
            f"{model.name}: {args.images} requests, {len(pictures)} pictures of {size:.0f} KB, {args.units} unit(s)\n"
        )
        print("| way | connections | CPU ms an image | over bare | a second | p50 ms | p95 ms | load program |")
        print("| --- " * 8 + "|", flush=True)
        _best_possible(model, pictures, args.images)
        bare = _bare(model, pictures, args.images)
        with _units(model, pictures, args.units) as ask:
            for connections in CONNECTIONS:
                _row("units", connections, measure(ask, connections, args.images, psutil.Process()), bare)
        with _server(Path(folder) / "home", model, args.units) as (server, arn):
            requests = [server.request("DetectCustomLabels", _image(arn, picture)) for picture in pictures]
            for connections in CONNECTIONS:
                ask = server.asking(requests, connections)
                _row("server", connections, measure(ask, connections, args.images, server.process), bare)
            describing = [server.request("DescribeProjects", {})]
            for connections in CONNECTIONS:
                ask = server.asking(describing, connections)
                found = measure(ask, connections, 10 * args.images, server.process)
                _row("DescribeProjects", connections, found, None)


def _row(way: str, connections: int, found: Measured, bare: float | None) -> None:
    over = "" if bare is None else f"{found.each / bare:.2f}"
    p50, p95 = (1000 * float(np.quantile(found.latencies, q)) for q in (0.5, 0.95))
    rate = len(found.latencies) / found.wall
    # In the ways without a server the load program is in the tree itself.
    share = f"{100 * found.load / found.wall:.0f} %" if way in ("server", "DescribeProjects") else ""
    print(
        f"| {way} | {connections} | {1000 * found.each:.2f} | {over} | {rate:.1f} | {p50:.1f} | {p95:.1f} | {share} |",
        flush=True,
    )


def _best_possible(model: Path, pictures: list[bytes], count: int) -> None:
    """One row: what benchmark_app takes for the network, and our decoding for the picture. One network only."""
    loaded = Model.load(model)
    began = time.perf_counter()
    for number in range(count):
        frame_image(pictures[number % len(pictures)], loaded.frame)
    decoding = (time.perf_counter() - began) / count
    command = [str(Path(sys.executable).parent / "benchmark_app"), "-m", str(model / "network.xml"), "-d", "CPU"]
    command += ["-api", "sync", "-hint", "latency", "-infer_precision", "f32", "-niter", str(count)]
    shape = f"[1,{loaded.frame[0]},{loaded.frame[1]},3]"
    printed = subprocess.run([*command, "-shape", shape], capture_output=True, text=True, check=True).stdout
    found = re.search(r"Throughput:\s+([\d.]+) FPS", printed)
    if found is None:
        raise RuntimeError(f"benchmark_app printed no throughput:\n{printed}")
    network = 1 / float(found[1])
    print(
        f"| benchmark_app {1000 * network:.2f} ms + decoding {1000 * decoding:.2f} ms | 1 | | "
        f"| {1 / (network + decoding):.1f} | | | |",
        flush=True,
    )


def _bare(model: Path, pictures: list[bytes], count: int) -> float:
    """Processor seconds an image of the bare loop."""
    loaded = Model.load(model)

    def ask(number: int) -> None:
        loaded.detect(pictures[number % len(pictures)])

    found = measure(ask, 1, count, psutil.Process())
    _row("bare loop", 1, found, found.each)
    shown = (pictures[number % len(pictures)] for number in range(count))
    tree, began = time.process_time(), time.perf_counter()
    for _ in loaded.detect_many(shown):
        pass
    each, rate = (time.process_time() - tree) / count, count / (time.perf_counter() - began)
    print(f"| detect_many | 1 | {1000 * each:.2f} | {each / found.each:.2f} | {rate:.1f} | | | |", flush=True)
    return found.each


@contextmanager
def _units(model: Path, pictures: list[bytes], units: int) -> Iterator[Ask]:
    fleet = Fleet(QUEUE, 0)

    def ask(number: int) -> None:
        answer = fleet.ask("model", Question(pictures[number % len(pictures)]))
        assert answer.kind is Kind.FOUND, answer

    try:
        fleet.run({"model": Wanted(model, units, units)})
        while fleet.counts()["model"].in_service < units:
            time.sleep(0.01)
        yield ask
    finally:
        fleet.close()


@contextmanager
def _server(home: Path, model: Path, units: int) -> Iterator[tuple[Serving, str]]:
    """A server whose only model runs, and that model's ARN."""
    with serving(home, {"CUSTOMLABELS_UNIT_QUEUE": str(QUEUE)}) as found:
        arn = _add_model(home, model, units)
        _wait_until_running(home, arn)
        yield found, arn


def _add_model(home: Path, model: Path, units: int) -> str:
    """Give the server a version that was trained elsewhere, and have it run. Returns its ARN."""
    service = open_service(Settings(home=home))
    shutil.copytree(model, service.model_folder("benchmark"))
    project = project_arn(service.region, service.account, "benchmark", CREATED)
    arn = version_arn(project, "v1", CREATED)
    common = {"account": service.account, "created": CREATED}
    nothing: dict[str, object] = {name: {} for name in ("output", "training_input", "testing_input")}
    row = {"arn": project, "name": "benchmark", "status": "CREATED", **common}
    with service.database.write() as connection:
        id = connection.execute(projects.insert().returning(projects.c.id), row).scalar_one()
        values = {"arn": arn, "project_id": id, "name": "v1", "status": "STARTING", "status_message": ""}
        values |= {"model": "benchmark", "min_units": units, "max_units": units, **common, **nothing}
        connection.execute(versions.insert(), values)
    service.close()
    return arn


def _wait_until_running(home: Path, arn: str) -> None:
    service = open_service(Settings(home=home))
    status = ""
    while status != "RUNNING":
        with service.database.read() as connection:
            query = versions.select().where(versions.c.arn == arn)
            status = connection.execute(query).one().status
        time.sleep(0.05)
    service.close()


def _image(arn: str, picture: bytes) -> dict[str, object]:
    return {"ProjectVersionArn": arn, "Image": {"Bytes": base64.b64encode(picture).decode()}}


def _train(pictures: Path, folder: Path) -> Path:
    from customlabels.vision.train import train

    return train(pictures, folder, effort="fast").folder


if __name__ == "__main__":
    main()
