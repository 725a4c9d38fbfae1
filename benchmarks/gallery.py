"""The console in a browser: the first page, and turning the pages of a gallery of many images.

    python benchmarks/gallery.py [--entries 100000] [--images 2000]

Prints milliseconds: from the address to the first page's heading in a browser that has nothing kept, and from a click
on "Next page" until the other images' names are there. The baseline of a page is the same list asked for by the API.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import boto3
import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from customlabels.server import Server
from customlabels.settings import Settings

BUCKET, PROJECT = "gallery", "gallery"
NEXT = """async () => {
  const first = () => document.querySelector('.gallery-item .gallery-name')?.textContent;
  const before = first(), began = performance.now();
  document.querySelector('button[aria-label="Next page"]').click();
  while (first() === before) await new Promise(requestAnimationFrame);
  const shown = performance.now() - began;
  const pictures = [...document.querySelectorAll('.gallery-item img')].slice(0, 12);
  while (!pictures.every((picture) => picture.complete)) await new Promise(requestAnimationFrame);
  return [shown, performance.now() - began];
}"""


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--images", type=int, default=2_000, help="entries that have an image")
    parser.add_argument("--pages", type=int, default=30)
    parser.add_argument("--browser", default="chromium", help="name or path of the browser")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder, Server(Settings(home=Path(folder), port=0)) as server:
        key = server.first_key
        assert key is not None
        session = boto3.Session(key.id, key.secret, region_name=server.settings.region)
        client = session.client("rekognition", endpoint_url=server.endpoint)
        arn = _dataset(client, session.client("s3", endpoint_url=server.endpoint), args.entries, args.images)
        print(f"{args.entries:,} entries, {args.images:,} with an image")
        _tell("list of 48 entries by boto3", _listed(client, arn, args.pages))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which(args.browser), args=["--no-sandbox"])
            context = browser.new_context(viewport={"width": 1400, "height": 900})
            page = context.new_page()
            page.goto(server.console)
            page.locator("h1").wait_for()
            state = context.storage_state()
            _tell("first page, nothing kept", list(_first(browser, state, server.endpoint, 5)))
            page.goto(f"{server.endpoint}/console/projects/{PROJECT}/datasets/train")
            page.locator(".gallery-item").first.wait_for()
            _turn(page, args.pages, "all images")
            page.goto(f"{server.endpoint}/console/projects/{PROJECT}/datasets/train?label=b")
            page.locator(".gallery-item").first.wait_for()
            _turn(page, args.pages, "images of a label")
            browser.close()


def _turn(page: Page, pages: int, what: str) -> None:
    shown, whole = [], []
    for _ in range(pages):
        page.wait_for_timeout(700)  # a person looks at a page before turning it
        times = page.evaluate(NEXT)
        shown.append(times[0])
        whole.append(times[1])
    _tell(f"next page of {what}: names, labels, boxes", shown)
    _tell(f"next page of {what}: with the first 12 pictures", whole)


def _first(browser: Any, state: Any, endpoint: str, times: int) -> Iterator[float]:
    for _ in range(times):
        context = browser.new_context(storage_state=state, viewport={"width": 1400, "height": 900})
        page = context.new_page()
        began = time.perf_counter()
        page.goto(f"{endpoint}/console/projects", wait_until="commit")
        page.locator("h1").wait_for()
        yield 1000 * (time.perf_counter() - began)
        context.close()


def _listed(client: Any, arn: str, pages: int) -> list[float]:
    times, token = [], None
    for _ in range(pages):
        began = time.perf_counter()
        further: dict[str, str] = {"NextToken": token} if token else {}
        token = client.list_dataset_entries(DatasetArn=arn, MaxResults=48, **further)["NextToken"]
        times.append(1000 * (time.perf_counter() - began))
    return times


def _dataset(client: Any, s3: Any, entries: int, images: int) -> str:
    """A dataset of which every third entry has label a, b or none, and every fourth boxes."""
    s3.create_bucket(Bucket=BUCKET)
    rng = np.random.default_rng(0)
    for i in range(images):
        buffer = io.BytesIO()
        small = Image.fromarray(rng.integers(0, 256, (12, 16, 3), np.uint8)).resize((640, 480))
        small.save(buffer, "JPEG")
        s3.put_object(Bucket=BUCKET, Key=_key(i), Body=buffer.getvalue())
    s3.put_object(Bucket=BUCKET, Key="all.manifest", Body="\n".join(map(_line, range(entries))).encode())
    project = client.create_project(ProjectName=PROJECT)["ProjectArn"]
    source = {"GroundTruthManifest": {"S3Object": {"Bucket": BUCKET, "Name": "all.manifest"}}}
    created = client.create_dataset(ProjectArn=project, DatasetType="TRAIN", DatasetSource=source)
    arn = str(created["DatasetArn"])
    while client.describe_dataset(DatasetArn=arn)["DatasetDescription"]["Status"] == "CREATE_IN_PROGRESS":
        time.sleep(0.2)
    return arn


def _key(i: int) -> str:
    return f"images/{i:06}.jpg"


def _line(i: int) -> str:
    about = {"human-annotated": "yes", "creation-date": "2026-01-01T00:00:00Z", "job-name": "x"}
    line: dict[str, Any] = {"source-ref": f"s3://{BUCKET}/{_key(i)}"}
    if i % 3:
        name = "ab"[i % 3 - 1]
        kind = {"class-name": name, "confidence": 1, "type": "groundtruth/image-classification"}
        line |= {"kind": 1, "kind-metadata": {**about, **kind}}
    if i % 4 == 0:
        box = {"class_id": 0, "left": 100, "top": 80, "width": 200, "height": 150}
        line["BB"] = {"image_size": [{"width": 640, "height": 480, "depth": 3}], "annotations": [box]}
        kinds = {"objects": [{"confidence": 1}], "class-map": {"0": "thing"}, "type": "groundtruth/object-detection"}
        line["BB-metadata"] = {**about, **kinds}
    return json.dumps(line)


def _tell(what: str, times: Sequence[float]) -> None:
    ordered = sorted(times)
    late = ordered[int(0.95 * (len(ordered) - 1))]
    print(f"{what:58} median {statistics.median(ordered):6.0f} ms   p95 {late:6.0f} ms   most {ordered[-1]:6.0f} ms")


if __name__ == "__main__":
    main()
