"""The workshop, chapter by chapter, in a real browser: what a class does, and what the API says of it afterwards."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.e2e import programs
from tests.e2e.programs import needed

from customlabels.examples.catalogue import Ready

from .conftest import Served, Watched, until

PROJECT = "workshop"
DRAWN = 3
"""Photos whose boxes are drawn with the mouse; the others' come by a manifest."""


# checklist: K01, K02, K03, K05, K08, K09, K10, K11, K12, K13, K14, K17, K18
def test_the_workshop(server: Served, watched: Watched, puppies: Ready, tmp_path: Path) -> None:
    page = watched.page
    rekognition = server.client("rekognition")
    create_project(watched, server)
    arn = rekognition.describe_projects(ProjectNames=[PROJECT])["ProjectDescriptions"][0]["ProjectArn"]
    dataset = create_dataset(watched, rekognition)
    upload(watched, puppies, tmp_path)
    add_label(watched)
    draw(watched, rekognition, dataset, puppies)
    bring_the_rest(watched, rekognition, dataset, puppies)
    version = train(watched, rekognition, arn)
    evaluate(watched, version)
    look_at_test_results(watched)
    use(watched, server, rekognition, version, puppies, tmp_path)
    delete(watched, rekognition)
    page.go_back()  # the page of a project that is gone says so, and does not break
    expect(page.get_by_text(f"There is no project {PROJECT}")).to_be_visible()


def create_project(watched: Watched, server: Served) -> None:
    page = watched.page
    page.goto(server.console)
    expect(page.get_by_text("custom-labels-console-us-east-1-")).to_be_visible()
    watched.shot("01-get-started")
    page.get_by_role("link", name="Projects", exact=True).click()
    expect(page.get_by_role("table", name="Projects")).to_be_visible()
    page.get_by_role("button", name="Create project").first.click()
    name = page.get_by_placeholder("puppies")
    name.fill("not a name!")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Create project").click()
    expect(dialog.get_by_text("A project's name has")).to_be_visible()
    name.fill(PROJECT)
    watched.shot("02-create-project")
    dialog.get_by_role("button", name="Create project").click()
    expect(page.get_by_role("heading", name=PROJECT, level=1)).to_be_visible()
    watched.shot("03-project")


def create_dataset(watched: Watched, rekognition: Any) -> str:
    page = watched.page
    page.get_by_role("button", name="Create dataset").click()
    for source in (
        "Upload images from your computer",
        "Import images from a bucket",
        "by SageMaker Ground Truth",
        "Copy an existing",
    ):
        expect(page.get_by_text(source)).to_be_visible()
    expect(page.get_by_text("Start with a training dataset and a test dataset")).to_be_visible()
    watched.shot("04-create-dataset", whole=True)
    page.locator("form").get_by_role("button", name="Create dataset").click()
    expect(page.get_by_text("This dataset has no images yet")).to_be_visible()
    described = rekognition.describe_projects(ProjectNames=[PROJECT])["ProjectDescriptions"][0]
    return str(described["Datasets"][0]["DatasetArn"])


def upload(watched: Watched, puppies: Ready, tmp_path: Path) -> None:
    page = watched.page
    page.get_by_role("button", name="Add images").first.click()
    uploaded = photos(puppies)
    fake = tmp_path / "<img src=x onerror=alert(1)>.jpg"
    fake.write_text("no image")
    page.locator("input[type=file]").first.set_input_files([*uploaded, fake])
    page.get_by_role("button", name=f"Upload {len(uploaded) + 1} images").click()
    page.get_by_role("button", name="Done").wait_for(timeout=60_000)
    expect(page.get_by_text(f"{len(uploaded)} added, 1 failed of {len(uploaded) + 1}")).to_be_visible()
    expect(page.get_by_text("not a JPEG or PNG image")).to_be_visible()
    watched.shot("05-upload")
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text(f"{len(uploaded)} images: 0 labelled, {len(uploaded)} unlabelled")).to_be_visible()


def add_label(watched: Watched) -> None:
    page = watched.page
    page.get_by_role("button", name="Manage labels").click()
    page.get_by_placeholder("Puppy").fill("Puppi")
    page.keyboard.press("Enter")
    page.get_by_label("Name of the label Puppi").fill("Puppy")
    watched.shot("06-labels")
    page.get_by_role("button", name="Rename Puppi").click()
    expect(page.get_by_label("Name of the label Puppy")).to_be_visible()
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("button", name="Puppy 0")).to_be_visible()  # no image has it, and it stays


def draw(watched: Watched, rekognition: Any, dataset: str, puppies: Ready) -> None:
    page = watched.page
    truths = by_name(puppies)
    boxes = page.get_by_role("checkbox", name=re.compile("^Select "))
    names = [str(boxes.nth(i).get_attribute("aria-label")).removeprefix("Select ") for i in range(DRAWN)]
    boxes.nth(0).click()
    boxes.nth(DRAWN - 1).click(modifiers=["Shift"])
    expect(page.get_by_text(f"({DRAWN} selected)")).to_be_visible()
    watched.shot("07-gallery")
    page.get_by_role("button", name="Draw bounding boxes").click()
    page.get_by_test_id("editor").wait_for()
    for number, name in enumerate(names):
        expect(page.get_by_test_id("editor").get_by_text(name).first).to_be_visible()
        for box in truths[name]:
            drag(page, box)
        if number == 0:
            watched.shot("08-draw")
        if number < DRAWN - 1:
            page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+D")
    expect(page.get_by_text(f"{DRAWN} labelled")).to_be_visible()
    found = {entry["source-ref"].rsplit("/", 1)[1]: entry for entry in entries(rekognition, dataset, Labeled=True)}
    assert set(found) == set(names)
    for name, entry in found.items():
        drawn = sorted(corners(box) for box in entry["BB"]["annotations"])
        assert all(isinstance(value, int) for box in drawn for value in box)
        for mine, true in zip(drawn, sorted(corners(box) for box in truths[name]), strict=True):
            assert mine == pytest.approx(true, abs=3)
        assert entry["BB-metadata"]["class-map"] == {"0": "Puppy"}


def drag(page: Page, box: dict[str, int]) -> None:
    """Draw a box, given in pixels of the image, with the mouse."""
    image = page.locator("[data-testid=editor] img")
    expect(page.get_by_test_id("editor-canvas")).to_be_enabled()
    image.wait_for()
    page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=image.element_handle())
    place = image.bounding_box()
    assert place
    width, height = image.evaluate("image => [image.naturalWidth, image.naturalHeight]")
    scale_x, scale_y = place["width"] / width, place["height"] / height
    x0, y0, x1, y1 = corners(box)
    page.mouse.move(place["x"] + x0 * scale_x, place["y"] + y0 * scale_y)
    page.mouse.down()
    page.mouse.move(place["x"] + x1 * scale_x, place["y"] + y1 * scale_y, steps=4)
    page.mouse.up()
    page.keyboard.press("Escape")


def bring_the_rest(watched: Watched, rekognition: Any, dataset: str, puppies: Ready) -> None:
    truths = {Path(line["source-ref"]).name: line for line in labelled(puppies)}
    unlabelled = entries(rekognition, dataset, Labeled=False)
    lines = [
        {**truths[entry["source-ref"].rsplit("/", 1)[1]], "source-ref": entry["source-ref"]} for entry in unlabelled
    ]
    content = "\n".join(json.dumps(line) for line in lines)
    rekognition.update_dataset_entries(DatasetArn=dataset, Changes={"GroundTruth": content.encode()})
    page = watched.page
    page.reload()
    expect(page.get_by_text("30 images: 30 labelled, 0 unlabelled")).to_be_visible(timeout=30_000)
    watched.shot("09-labelled")


def train(watched: Watched, rekognition: Any, project: str) -> dict[str, Any]:
    page = watched.page
    page.get_by_role("button", name="Train model").click()
    expect(page.get_by_text("about 6 images (20 %) are held back as a test")).to_be_visible()
    page.get_by_text("Fast", exact=True).click()
    page.get_by_role("button", name="Add tag").click()
    page.get_by_label("Key", exact=True).fill("class")
    page.get_by_label("Value", exact=True).fill("4b")
    watched.shot("10-train", whole=True)
    page.get_by_role("button", name="Train model").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Do you want to train your model?")).to_be_visible()
    dialog.get_by_role("button", name="Train model").click()
    expect(page.get_by_text("Training in progress")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel training")).to_be_visible()
    page.get_by_role("heading", name="Loss").wait_for(timeout=60_000)
    watched.shot("11-training")
    page.get_by_text("Evaluation results").wait_for(timeout=180_000)  # by itself, without a reload
    version: dict[str, Any] = rekognition.describe_project_versions(ProjectArn=project)["ProjectVersionDescriptions"][0]
    assert version["Status"] == "TRAINING_COMPLETED"
    tags = rekognition.list_tags_for_resource(ResourceArn=version["ProjectVersionArn"])["Tags"]
    assert tags == {"class": "4b", "customlabels:effort": "fast", "customlabels:seed": "0"}
    return version


def evaluate(watched: Watched, version: dict[str, Any]) -> None:
    page = watched.page
    f1 = f"{version['EvaluationResult']['F1Score']:.3f}"
    expect(page.get_by_test_id("figure-F1 score").get_by_text(f1, exact=True)).to_be_visible()
    for name in (
        "Average precision",
        "Overall recall",
        "Date completed",
        "Trained in",
        "Training dataset",
        "Test dataset",
    ):
        expect(page.get_by_test_id(f"figure-{name}")).to_be_visible()
    row = page.get_by_role("table", name="Performance of each label").get_by_role("row", name=re.compile("^Puppy"))
    expect(row).to_contain_text(f1)
    page.get_by_role("link", name="Info: F1 score").or_(page.get_by_role("button", name="Info: F1 score")).click()
    expect(page.get_by_text("it hands you a kitten and calls it a puppy")).to_be_visible()
    watched.shot("12-evaluation", whole=True)
    slider = page.get_by_label("Threshold in percent")
    slider.focus()
    page.keyboard.press("End")
    counts = page.get_by_test_id("threshold-counts")
    expect(counts).to_contain_text("True positives0")


def look_at_test_results(watched: Watched) -> None:
    page = watched.page
    page.get_by_role("button", name="View test results").click()
    results = page.get_by_test_id("result")
    expect(results).to_have_count(6)
    expect(page.get_by_text("True positive").first).to_be_visible()
    watched.shot("13-results", whole=True)
    for name in ("True positive", "False positive", "False negative"):
        page.get_by_label(name).uncheck()
    expect(results).to_have_count(0)
    page.go_back()
    page.go_forward()
    page.get_by_role("button", name="Back to the evaluation").click()


def use(
    watched: Watched, server: Served, rekognition: Any, version: dict[str, Any], puppies: Ready, tmp_path: Path
) -> None:
    page = watched.page
    page.get_by_role("tab", name="Use model").click()
    page.get_by_role("button", name="Start", exact=True).click()
    status = page.get_by_test_id("model-status")
    expect(status.get_by_text("Running")).to_be_visible(timeout=30_000)
    photo = next(photo for photo in photos(puppies) if answered(rekognition, version, photo))
    page.locator("input[type=file]").first.set_input_files(photo)
    expect(page.get_by_test_id("found").get_by_text("Puppy").first).to_be_visible(timeout=20_000)
    watched.shot("14-use", whole=True)
    for language in ("AWS CLI", "Python", "JavaScript", "curl"):
        page.get_by_role("tab", name=language).click()
        code = page.get_by_role("region", name=f"{language}: Analyze image").inner_text()
        assert version["ProjectVersionArn"] in code
        assert "Puppy" in pasted(server, language, code.replace("PATH_TO_MY_IMAGE.jpg", str(photo)), tmp_path)
    page.get_by_role("button", name="Stop", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Stop")).to_be_disabled()
    dialog.get_by_placeholder("stop").fill("stop")
    dialog.get_by_role("button", name="Stop").click()
    expect(status.get_by_text("Stopped")).to_be_visible(timeout=30_000)


def labelled(puppies: Ready) -> list[dict[str, Any]]:
    return [*puppies.train, *(puppies.test or ())]


def photos(puppies: Ready) -> list[Path]:
    return [puppies.folder / line["source-ref"] for line in labelled(puppies)]


def answered(rekognition: Any, version: dict[str, Any], photo: Path) -> bool:
    """Whether the model is sure of something on a photo; taught in a hurry, it need not be so of each."""
    image = {"Bytes": photo.read_bytes()}
    found = rekognition.detect_custom_labels(ProjectVersionArn=version["ProjectVersionArn"], Image=image)
    return bool(found["CustomLabels"])


def pasted(server: Served, language: str, code: str, folder: Path) -> str:
    """What a snippet prints, run as it is."""
    match language:
        case "Python":
            command = [sys.executable, "-c", code]
        case "JavaScript":
            sdk = needed(programs.sdk(), "AWS's SDK for JavaScript")
            (folder / "node_modules").symlink_to(Path(sdk).parent)
            (folder / "snippet.mjs").write_text(code, encoding="utf-8")
            command = [needed(programs.node(), "Node.js"), "snippet.mjs"]
        case _:
            command = ["bash", "-c", code]
    path = f"{Path(sys.executable).parent}:{server.environment['PATH']}"
    told = server.environment | {"PATH": path}
    done = subprocess.run(command, env=told, capture_output=True, text=True, check=False, cwd=folder, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def delete(watched: Watched, rekognition: Any) -> None:
    page = watched.page
    page.get_by_role("link", name=PROJECT, exact=True).click()
    expect(page.get_by_role("heading", name=PROJECT, level=1)).to_be_visible()
    page.get_by_role("button", name="Delete", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Delete")).to_be_disabled()
    dialog.get_by_placeholder("delete").fill("delete")
    watched.shot("15-delete")
    dialog.get_by_role("button", name="Delete").click()
    page.wait_for_url(re.compile("/console/projects$"))
    until(lambda: not rekognition.describe_projects(ProjectNames=[PROJECT])["ProjectDescriptions"], "the deletion")


def by_name(puppies: Ready) -> dict[str, list[dict[str, int]]]:
    """The true boxes of each picture."""
    return {
        Path(line["source-ref"]).name: next(
            value["annotations"] for value in line.values() if isinstance(value, dict) and "annotations" in value
        )
        for line in labelled(puppies)
    }


def corners(box: dict[str, int]) -> tuple[int, int, int, int]:
    return box["left"], box["top"], box["left"] + box["width"], box["top"] + box["height"]


def entries(rekognition: Any, dataset: str, **filters: Any) -> list[dict[str, Any]]:
    listed = rekognition.list_dataset_entries(DatasetArn=dataset, MaxResults=100, **filters)["DatasetEntries"]
    return [json.loads(line) for line in listed]
