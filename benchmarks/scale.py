"""How far several servers get.

    python benchmarks/scale.py --database URL [--servers N,N,...] [--calls N] [--entries N]

URL is an empty PostgreSQL database on this machine. For each number of servers the program starts so many `customlabels
serve`, each with a home of its own, on that database and on one S3 endpoint, which is another `customlabels serve`. It
asks them in turn, over connections that stay open, with requests that were signed beforehand: a list of projects, a
page of a dataset's images that is filtered by label, a tag (the smallest write), and a picture for a running model;
and it imports a dataset into each of them at once. Columns: calls a second, median and 95th percentile of the latency,
and the processor milliseconds a call takes in servers, in the database and in the store. The machine's cores bound the
calls a second; the milliseconds say how many cores a load needs, and whether servers get in each other's way: then they
grow with the number of servers.
"""

from __future__ import annotations

import argparse
import base64
import io
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import psutil
from botocore.config import Config
from PIL import Image
from sqlalchemy import create_engine, text

from customlabels.manifest.entry import Entry
from customlabels.manifest.lines import write_line
from load import Ask, Serving, measure, processor_seconds, serving
from machine import describe

CONNECTIONS = 8
BUCKET = "scale"
LABELS = {"red": (200, 40, 40), "blue": (40, 40, 200)}
TRAINED_ON = 24


@dataclass(frozen=True)
class Site:
    """Servers of one database, and the processes that the work costs."""

    servers: Sequence[Serving]
    database: psutil.Process
    store: psutil.Process

    def asking(self, operation: str, bodies: Sequence[dict[str, object]]) -> Ask:
        """Asks the servers in turn."""
        asks = [
            server.asking([server.request(operation, body) for body in bodies], CONNECTIONS) for server in self.servers
        ]

        def ask(number: int) -> None:
            which, request = number % len(asks), number // len(asks)
            asks[which](request)

        return ask


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", required=True, metavar="URL")
    parser.add_argument("--servers", type=_numbers, default=[1, 2, 4], metavar="N,N,...")
    parser.add_argument("--calls", type=int, default=2000, metavar="N", help="calls in each measurement")
    parser.add_argument("--entries", type=int, default=20_000, metavar="N", help="images of each dataset imported")
    args = parser.parse_args(argv)
    print(f"{describe()}\n", flush=True)
    print("| servers | what | a second | p50 ms | p95 ms | CPU ms: servers | database | store |")
    print("| --- " * 8 + "|", flush=True)
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder) / "store") as store:
        settings = {
            "CUSTOMLABELS_DATABASE_URL": args.database,
            "CUSTOMLABELS_S3_ENDPOINT": f"http://127.0.0.1:{store.port}",
            "CUSTOMLABELS_S3_ACCESS_KEY": store.key.access_key,
            "CUSTOMLABELS_S3_SECRET_KEY": store.key.secret_key,
            "CUSTOMLABELS_MAX_PROJECTS": "0",
        }
        with serving(Path(folder) / "first", settings) as first:
            empty = _bytes(args.database)
            prepared = _prepare(first, args.entries)
            size = (_bytes(args.database) - empty) / args.entries
        for count in args.servers:
            with ExitStack() as stack:
                homes = [Path(folder) / f"{count}-{number}" for number in range(count)]
                servers = [stack.enter_context(serving(home, settings, first.key)) for home in homes]
                site = Site(servers, _postmaster(args.database), store.process)
                _measure(site, prepared, args.calls, args.entries)
        print(f"\nAn image with one label takes {size:.0f} bytes in the database.")


@dataclass(frozen=True)
class Prepared:
    """What is asked for: ARNs of a dataset and of a model that runs."""

    dataset: str
    model: str


def _measure(site: Site, prepared: Prepared, calls: int, entries: int) -> None:
    content = _picture(0)[1]
    picture = {"Bytes": base64.b64encode(content).decode()}
    _wait_for_model(site, prepared.model, content)
    numbers = range(50)
    asked: list[tuple[str, str, int, list[dict[str, object]]]] = [
        ("list of projects", "DescribeProjects", calls, [{}]),
        (
            "page of images",
            "ListDatasetEntries",
            calls,
            [{"DatasetArn": prepared.dataset, "ContainsLabels": ["red"], "MaxResults": 50}],
        ),
        (
            "tag",
            "TagResource",
            calls // 2,
            [{"ResourceArn": prepared.model, "Tags": {f"k{n}": f"{n}"}} for n in numbers],
        ),
        ("picture", "DetectCustomLabels", calls, [{"ProjectVersionArn": prepared.model, "Image": picture}]),
    ]
    for what, operation, count, bodies in asked:
        _row(site, what, count, site.asking(operation, bodies))
    _import(site, entries)


def _row(site: Site, what: str, count: int, ask: Ask) -> None:
    before = _spent(site)
    found = measure(ask, CONNECTIONS, count)
    spent = [1000 * (after - earlier) / count for after, earlier in zip(_spent(site), before, strict=True)]
    p50, p95 = (1000 * float(np.quantile(found.latencies, q)) for q in (0.5, 0.95))
    _print(site, what, f"{count / found.wall:.0f}", f"{p50:.1f}", f"{p95:.1f}", *(f"{each:.2f}" for each in spent))


def _import(site: Site, entries: int) -> None:
    """A dataset into each server's hands at once; the figures are of an entry."""
    clients = [_client(server, "rekognition") for server in site.servers]
    arns = []
    before, began = _spent(site), time.perf_counter()
    for client in clients:
        project = client.create_project(ProjectName=f"import-{time.time_ns()}")["ProjectArn"]
        arns.append(_imported(client, project))
    for client, arn in zip(clients, arns, strict=True):
        _wait(partial(_complete, client, arn))
    count = entries * len(arns)
    spent = [1000 * (after - earlier) / count for after, earlier in zip(_spent(site), before, strict=True)]
    wall = time.perf_counter() - began
    _print(site, "entry imported", f"{count / wall:.0f}", "", "", *(f"{each:.3f}" for each in spent))


def _print(site: Site, *cells: str) -> None:
    print(f"| {len(site.servers)} | {' | '.join(cells)} |", flush=True)


def _spent(site: Site) -> tuple[float, float, float]:
    """Processor seconds so far: servers, database, store."""
    return (
        processor_seconds([server.process for server in site.servers]),
        processor_seconds([site.database]),
        processor_seconds([site.store]),
    )


def _postmaster(url: str) -> psutil.Process:
    """The process that all others of a database's server come from."""
    found = psutil.Process(_answer(url, "SELECT pg_backend_pid()")).parent()
    if found is None:
        raise RuntimeError("The database is not on this machine: what it costs cannot be measured.")
    return found


def _bytes(url: str) -> int:
    """What a database takes on the disk."""
    return _answer(url, "SELECT pg_database_size(current_database())")


def _answer(url: str, question: str) -> int:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = int(connection.execute(text(question)).scalar_one())
    engine.dispose()
    return found


def _prepare(server: Serving, entries: int) -> Prepared:
    """A bucket with pictures, a trained model that runs, and a dataset of many entries."""
    rekognition, s3 = _client(server, "rekognition"), _client(server, "s3")
    s3.create_bucket(Bucket=BUCKET)
    for number in range(TRAINED_ON):
        key, content = _picture(number)
        s3.put_object(Bucket=BUCKET, Key=key, Body=content)
    s3.put_object(Bucket=BUCKET, Key="train.manifest", Body=_manifest(TRAINED_ON))
    s3.put_object(Bucket=BUCKET, Key="many.manifest", Body=_manifest(entries))
    project = rekognition.create_project(ProjectName="scale")["ProjectArn"]
    dataset = _imported(rekognition, project)
    _wait(partial(_complete, rekognition, dataset))
    trained = rekognition.create_project(ProjectName="model")["ProjectArn"]
    place = {"GroundTruthManifest": {"S3Object": {"Bucket": BUCKET, "Name": "train.manifest"}}}
    model = rekognition.create_project_version(
        ProjectArn=trained,
        VersionName="v1",
        OutputConfig={"S3Bucket": BUCKET, "S3KeyPrefix": "out"},
        TrainingData={"Assets": [place]},
        TestingData={"AutoCreate": True},
        Tags={"customlabels:effort": "fast"},
    )["ProjectVersionArn"]
    waiting = {"ProjectArn": trained, "VersionNames": ["v1"], "WaiterConfig": {"Delay": 1, "MaxAttempts": 600}}
    rekognition.get_waiter("project_version_training_completed").wait(**waiting)
    rekognition.start_project_version(ProjectVersionArn=model, MinInferenceUnits=1)
    rekognition.get_waiter("project_version_running").wait(**waiting)
    return Prepared(dataset, model)


def _imported(rekognition: Any, project: str) -> str:
    source = {"GroundTruthManifest": {"S3Object": {"Bucket": BUCKET, "Name": "many.manifest"}}}
    made = rekognition.create_dataset(ProjectArn=project, DatasetType="TRAIN", DatasetSource=source)
    return str(made["DatasetArn"])


def _complete(rekognition: Any, dataset: str) -> bool:
    status = rekognition.describe_dataset(DatasetArn=dataset)["DatasetDescription"]["Status"]
    if status.endswith("FAILED"):
        raise RuntimeError(f"{dataset} is {status}.")
    return bool(status == "CREATE_COMPLETE")


def _wait_for_model(site: Site, model: str, picture: bytes) -> None:
    """Until every server answers for the model."""
    for server in site.servers:
        client = _client(server, "rekognition")
        _wait(partial(_answers, client, model, picture))


def _answers(rekognition: Any, model: str, picture: bytes) -> bool:
    try:
        rekognition.detect_custom_labels(ProjectVersionArn=model, Image={"Bytes": picture})
    except rekognition.exceptions.ResourceNotReadyException:
        return False
    return True


def _wait(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 600
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError("It takes longer than ten minutes.")
        time.sleep(0.2)


def _client(server: Serving, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=f"http://127.0.0.1:{server.port}",
        region_name=server.region,
        aws_access_key_id=server.key.access_key,
        aws_secret_access_key=server.key.secret_key,
        config=Config(s3={"addressing_style": "path"}),
    )


def _picture(number: int) -> tuple[str, bytes]:
    """Key and content of a small picture: noise around the colour of its label."""
    colour = LABELS[list(LABELS)[number % 2]]
    pixels = np.random.default_rng(number).normal(colour, 30, (96, 96, 3)).clip(0, 255).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG")
    return f"images/{number}.jpg", stream.getvalue()


def _manifest(count: int) -> bytes:
    names = list(LABELS)
    entries = (Entry(f"s3://{BUCKET}/images/{n}.jpg", labels=(names[n % 2],)) for n in range(count))
    return "\n".join(write_line(entry) for entry in entries).encode()


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


if __name__ == "__main__":
    main()
