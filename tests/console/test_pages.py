"""Every page: accessible, in light and dark, at the width of a phone, and with names that would like to be markup."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect
from tests.browser import missing

from customlabels.api.console.static import FOLDER

from .conftest import AXE, PASSWORD, WIDE, Served, Watched, until, watching

RULES = {"dark": ["color-contrast", "link-in-text-block"]}
"""What axe looks for where only the colours are others than in light, by the name of a look; else all it knows."""
EVIL = '<img src=x onerror="window.hacked=1">&amp;\''
PHONE: ViewportSize = {"width": 390, "height": 844}
_OF_CLOUDSCAPE = re.compile(r"^<nav [^>]*aria-orientation=[^>]*mobile-toolbar-nav")
"""The library's own bar of a narrow window has an attribute that a nav may not have; no setting takes it away."""
PAGES = (
    "",
    "examples",
    "projects",
    "projects?create=1",
    "projects/{project}",
    "projects/{project}?tab=policies",
    "projects/{project}/create-dataset?type=TEST",
    "projects/{project}/datasets/train",
    "projects/{project}/datasets/test",
    "projects/{project}/datasets/train/draw",
    "projects/{project}/train",
    "projects/{project}/models/first",
    "projects/{project}/models/first?tab=details",
    "projects/{project}/models/first?tab=use",
    "projects/{project}/models/first/results",
    "projects/{project}/compare?first=first&second=second",
    "users",
    "users/administrator",
    "audit",
    "account",
    "nowhere",
)


@dataclass(frozen=True)
class Known:
    """A project of the example images of fruit, with two models and an evil label."""

    project: str
    arn: str
    train: str


@pytest.fixture(scope="module")
def known(server: Served, browser: Browser, signed_in: Path) -> Known:
    rekognition = server.client("rekognition")
    context = browser.new_context(viewport=WIDE, storage_state=signed_in)
    page = context.new_page()
    page.goto(f"{server.console}/examples")
    page.get_by_role("button", name=re.compile("Create project .Fruit")).click()
    page.wait_for_url(re.compile("/projects/fruit-"), timeout=60_000)
    context.close()
    described = rekognition.describe_projects(ProjectNames=["fruit-1"])["ProjectDescriptions"][0]
    datasets = {dataset["DatasetType"]: dataset["DatasetArn"] for dataset in described["Datasets"]}
    arn = described["ProjectArn"]
    for dataset in datasets.values():
        until(lambda arn=dataset: status(rekognition, arn) == "CREATE_COMPLETE", "the dataset")  # type: ignore[misc]
    bucket = server.client("s3").list_buckets()["Buckets"][0]["Name"]
    for name in ("first", "second"):
        rekognition.create_project_version(
            ProjectArn=arn,
            VersionName=name,
            OutputConfig={"S3Bucket": bucket, "S3KeyPrefix": "pages"},
            Tags={"customlabels:effort": "fast"},
        )
    waiter = rekognition.get_waiter("project_version_training_completed")
    waiter.wait(ProjectArn=arn, VersionNames=["first", "second"], WaiterConfig={"Delay": 1})
    entry = json.loads(rekognition.list_dataset_entries(DatasetArn=datasets["TRAIN"])["DatasetEntries"][0])
    line = {
        "source-ref": entry["source-ref"],
        "kind": 1,
        "kind-metadata": {
            "class-name": EVIL,
            "confidence": 1,
            "human-annotated": "yes",
            "creation-date": "2026-01-01T00:00:00Z",
            "type": "groundtruth/image-classification",
            "job-name": "x",
        },
    }
    rekognition.update_dataset_entries(DatasetArn=datasets["TRAIN"], Changes={"GroundTruth": json.dumps(line).encode()})
    until(lambda: status(rekognition, datasets["TRAIN"]) == "UPDATE_COMPLETE", "the update")
    return Known("fruit-1", arn, datasets["TRAIN"])


@pytest.fixture(params=[("light", WIDE), ("dark", WIDE), ("light", PHONE)], ids=["light", "dark", "phone"])
def looked(request: pytest.FixtureRequest, browser: Browser, signed_in: Path) -> Iterator[Watched]:
    scheme, size = request.param
    context = browser.new_context(viewport=size, storage_state=signed_in, color_scheme=scheme, reduced_motion="reduce")
    context.add_init_script("try { localStorage.setItem('customlabels-editor-tips', '1') } catch {}")
    yield from watching(context)


def test_axe_finds_nothing_serious_and_nothing_is_cut_off(
    server: Served, looked: Watched, known: Known, request: pytest.FixtureRequest
) -> None:
    if not AXE.is_file():
        missing("axe-core is not installed; `make test` installs it")
    axe = AXE.read_text(encoding="utf-8")
    look = request.node.callspec.id
    wrong: list[str] = []
    for path in PAGES:
        page = looked.page
        page.goto(f"{server.console}/{path.format(project=known.project)}")
        settle(page)
        looked.shot(f"page-{look}-{re.sub('[^a-z]+', '-', path) or 'start'}", whole=True)
        wrong += [f"{path}: {found}" for found in violations(page, axe, RULES.get(look))]
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if overflow > 1:
            wrong.append(f"{path}: the page is {overflow} pixels wider than the window")
        assert not page.evaluate("window.hacked"), path
    assert not wrong, "\n".join(wrong)


# checklist: K06
def test_names_are_never_markup_and_filters_hold(server: Served, watched: Watched, known: Known) -> None:
    page = watched.page
    page.goto(f"{server.console}/projects/{known.project}/datasets/train")
    row = page.get_by_role("button", name=EVIL)
    expect(row).to_be_visible()
    row.click()
    expect(page.get_by_test_id("image")).to_have_count(1)
    expect(page.get_by_test_id("image")).to_contain_text(EVIL)
    page.reload()  # the filter is in the address
    expect(page.get_by_test_id("image")).to_have_count(1)
    page.go_back()
    expect(page.get_by_test_id("image")).not_to_have_count(1)
    assert not page.evaluate("window.hacked")


# checklist: K06
def test_a_name_is_found_as_it_is_typed_and_the_page_is_come_back_to(
    server: Served, watched: Watched, known: Known
) -> None:
    page = watched.page
    page.goto(f"{server.console}/projects/{known.project}/datasets/train?size=24")
    page.get_by_role("button", name="Next page").click()
    second = page.get_by_text("Page 2 of 2")
    expect(second).to_be_visible()
    page.get_by_role("button", name="Draw bounding boxes").click()
    page.get_by_role("button", name="Exit").click()
    expect(second).to_be_visible()
    page.get_by_label("Find images by a part of their name").press_sequentially("fruit-00", delay=30)
    expect(page.get_by_test_id("image")).to_have_count(9)
    page.get_by_role("button", name="Actions").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Download the manifest").click()
    assert len(download.value.path().read_text().splitlines()) == 36


# checklist: K07, K10
def test_labels_are_assigned_to_a_range_at_once(server: Served, watched: Watched, known: Known) -> None:
    page = watched.page
    page.goto(f"{server.console}/projects/{known.project}/datasets/train")
    boxes = page.get_by_role("checkbox", name=re.compile("^Select "))
    boxes.nth(6).click()
    boxes.nth(2).click(modifiers=["Shift"])
    expect(page.get_by_text("(5 selected)")).to_be_visible()
    page.get_by_role("button", name="Assign image-level labels").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("New label").fill("Ripe")
    dialog.get_by_role("button", name="Add", exact=True).click()
    dialog.get_by_role("button", name="Assign", exact=True).click()
    expect(page.get_by_role("button", name="Ripe 5")).to_be_visible()
    rekognition = server.client("rekognition")
    listed = rekognition.list_dataset_entries(DatasetArn=known.train, ContainsLabels=["Ripe"])["DatasetEntries"]
    assert len(listed) == 5
    assert all(len(json.loads(line)) > 4 for line in listed)  # the labels that they had before are there, too


# checklist: K10
def test_unsaved_boxes_are_not_lost_without_a_question(server: Served, watched: Watched, known: Known) -> None:
    page = watched.page
    page.goto(f"{server.console}/projects/{known.project}/datasets/train/draw")
    page.get_by_test_id("editor").wait_for()
    page.locator("[data-testid=editor] img").wait_for()
    page.wait_for_function("document.querySelector('[data-testid=editor] img').naturalWidth > 0")
    page.keyboard.press("n")
    expect(page.get_by_test_id("box-0")).to_be_visible()
    page.get_by_role("button", name="Exit").click()
    question = page.get_by_role("dialog", name="Save changes?")
    question.get_by_role("button", name="Cancel", exact=True).last.click()
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.evaluate("history.back()")
    expect(page.get_by_test_id("box-0")).to_be_visible()
    page.get_by_role("button", name="Exit").click()
    question.get_by_role("button", name=re.compile("Discard")).click()
    page.wait_for_url(re.compile("/datasets/train"))
    entry = json.loads(server.client("rekognition").list_dataset_entries(DatasetArn=known.train)["DatasetEntries"][0])
    assert "BB" not in entry


# checklist: K11, K15
def test_a_training_that_fails_says_why_and_leaves_its_files(server: Served, watched: Watched) -> None:
    rekognition = server.client("rekognition")
    arn = rekognition.create_project(ProjectName="failing")["ProjectArn"]
    rekognition.create_dataset(ProjectArn=arn, DatasetType="TRAIN")
    page = watched.page
    page.goto(f"{server.console}/projects/failing/train")
    expect(page.get_by_text("No image is labelled yet.")).to_be_visible()
    page.get_by_role("button", name="Advanced (optional)").click()
    page.get_by_label("Encryption key").fill("arn:aws:kms:us-east-1:111122223333:key/abc")
    page.get_by_role("button", name="Train model").click()
    page.get_by_role("dialog").get_by_role("button", name="Train model").click()
    expect(page.get_by_text("What went wrong")).to_be_visible(timeout=30_000)
    version = rekognition.describe_project_versions(ProjectArn=arn)["ProjectVersionDescriptions"][0]
    assert version["Status"] == "TRAINING_FAILED"
    assert version["KmsKeyId"].endswith("key/abc")
    expect(page.get_by_text(version["StatusMessage"]).first).to_be_visible()
    page.get_by_role("link", name="Project details").click()
    expect(page.get_by_role("table", name="Models").get_by_text(version["StatusMessage"])).to_be_visible()


# checklist: K15
def test_validation_files_tags_and_the_model_are_had_from_its_page(
    server: Served, watched: Watched, known: Known
) -> None:
    page = watched.page
    page.goto(f"{server.console}/projects/{known.project}/models/first")
    page.get_by_role("button", name="Download validation results").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Manifest summary").click()
    assert download.value.suggested_filename == "ManifestSummary-fruit-1-first.json"
    assert json.loads(download.value.path().read_text())
    page.get_by_role("tab", name="Model details").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the model").click()
    assert download.value.path().read_bytes().startswith(b"PK")
    page.get_by_role("tab", name="Tags").click()
    page.get_by_role("button", name="Add tag").click()
    page.get_by_label("Key", exact=True).last.fill("made-by")
    page.get_by_label("Value", exact=True).last.fill(EVIL)
    page.get_by_role("button", name="Save changes").click()
    expect(
        page.get_by_text("Value at 'tags").or_(page.get_by_text("failed to satisfy constraint")).first
    ).to_be_visible()
    page.get_by_label("Value", exact=True).last.fill("class 4b")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_text("The tags were saved.")).to_be_visible()
    rekognition = server.client("rekognition")
    arn = rekognition.describe_project_versions(ProjectArn=known.arn)["ProjectVersionDescriptions"][-1][
        "ProjectVersionArn"
    ]
    assert rekognition.list_tags_for_resource(ResourceArn=arn)["Tags"]["made-by"] == "class 4b"


# checklist: K16
@pytest.mark.parametrize("title", ["Puppies", "Objects", "Emblems"])
def test_every_example_is_ready_to_train(server: Served, watched: Watched, title: str) -> None:
    page = watched.page
    page.goto(f"{server.console}/examples")
    page.get_by_role("button", name=re.compile(f"Create project .{title}")).click()
    page.wait_for_url(re.compile("/projects/[a-z]+-1$"), timeout=60_000)
    expect(page.get_by_text(re.compile(r"\d+ images?, \d+ labelled, \d+ label")).first).to_be_visible(timeout=30_000)
    expect(page.get_by_role("button", name="Train model")).to_be_enabled()


# checklist: K17
def test_two_models_are_compared_and_one_is_copied(server: Served, watched: Watched, known: Known) -> None:
    page = watched.page
    rekognition = server.client("rekognition")
    rekognition.create_project(ProjectName="copies")
    page.goto(f"{server.console}/projects/{known.project}")
    for name in ("first", "second"):
        page.get_by_role("checkbox", name=f"Select {name}").check()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_text("Both on the same")).to_be_visible()
    page.goto(f"{server.console}/projects/{known.project}/models/first?tab=details")
    page.get_by_role("button", name="Copy to another project").click()
    page.get_by_role("button", name=re.compile("To the project")).click()
    page.get_by_role("option", name="copies").click()
    page.get_by_role("dialog").get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("heading", name="copies", level=1)).to_be_visible()
    expect(page.get_by_role("table", name="Models").get_by_text("Copying completed")).to_be_visible(timeout=20_000)


# checklist: K17
def test_a_policy_is_written_and_a_bad_one_explained(server: Served, watched: Watched, known: Known) -> None:
    page = watched.page
    page.goto(f"{server.console}/projects/{known.project}?tab=policies")
    page.get_by_role("button", name="Attach policy").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Policy name").fill("copiers")
    text = dialog.get_by_label("Policy (JSON)")
    good = text.input_value()
    text.fill('{"Statement": 1}')
    dialog.get_by_role("button", name="Save changes").click()
    expect(dialog.get_by_role("alert").or_(dialog.locator("[class*=alert]")).first).to_be_visible()
    text.fill(good)
    dialog.get_by_role("button", name="Save changes").click()
    expect(page.get_by_role("cell", name="copiers")).to_be_visible()
    found = server.client("rekognition").list_project_policies(ProjectArn=known.arn)["ProjectPolicies"]
    assert [policy["PolicyName"] for policy in found] == ["copiers"]


def test_who_is_not_signed_in_comes_to_the_page_after_signing_in(
    server: Served, browser: Browser, known: Known
) -> None:
    context = browser.new_context(viewport=WIDE)
    page = context.new_page()
    page.goto(f"{server.console}/projects/{known.project}?tab=tags")
    page.get_by_label("Password").fill("wrong password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("the password is not the right one")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name=known.project, level=1)).to_be_visible()
    assert page.url.endswith("?tab=tags")
    context.clear_cookies()
    page.get_by_role("link", name="Projects", exact=True).first.click()
    expect(page.get_by_text("Your session is over.")).to_be_visible()
    page.goto(server.link)  # over this very page, which therefore is not loaded anew; and a link is good once
    expect(page.get_by_text("The link was used already")).to_be_visible()
    assert "token" not in page.url
    context.close()


def test_an_invited_user_sees_what_the_policy_allows(server: Served, watched: Watched, browser: Browser) -> None:
    page = watched.page
    page.goto(f"{server.console}/users")
    page.get_by_role("button", name="Invite user").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("User name").fill("pupil")
    dialog.get_by_role("button", name="Invite", exact=True).click()
    link = page.get_by_role("region", name="link").inner_text().strip()
    context = browser.new_context(viewport=WIDE)
    other = context.new_page()
    other.goto(link)
    expect(other.get_by_text("Welcome, pupil")).to_be_visible()
    expect(other.get_by_role("link", name="Users")).to_have_count(0)
    other.goto(f"{server.console}/projects?create=1")
    other.get_by_placeholder("puppies").fill("forbidden")
    other.get_by_role("dialog").get_by_role("button", name="Create project").click()
    expect(other.get_by_text("is not authorized to perform: rekognition:CreateProject")).to_be_visible()
    other.goto(f"{server.console}/account")
    other.get_by_role("button", name="Create access key").click()
    expect(other.get_by_role("region", name="environment")).to_contain_text("AWS_SECRET_ACCESS_KEY")
    context.close()
    page.get_by_role("button", name="Done").click()
    page.goto(f"{server.console}/audit?text=pupil")
    expect(page.get_by_role("rowheader", name="CreateProject", exact=True).first).to_be_visible()


def test_the_first_load_is_small() -> None:
    html = (FOLDER / "index.html").read_text(encoding="utf-8")
    scripts = re.findall(r'(?:src|href)="/console/(assets/[^"]+\.js)"', html)
    assert scripts
    assert sum((FOLDER / f"{name}.gz").stat().st_size for name in scripts) < 700_000


def settle(page: Page) -> None:
    """Wait until the page has what it shows."""
    page.wait_for_load_state("networkidle")
    page.locator("h1, [data-testid=editor]").first.wait_for()


def violations(page: Page, axe: str, rules: list[str] | None = None) -> list[str]:
    """What axe finds that is serious or worse, by all its rules or these."""
    page.evaluate(axe)
    options = {"resultTypes": ["violations"], **({"runOnly": rules} if rules else {})}
    found = page.evaluate("options => axe.run(document, options)", options)["violations"]
    return [
        f"{one['id']} ({one['impact']}): {node['html'][:160]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"][:3]
        if not _OF_CLOUDSCAPE.search(node["html"])
    ]


def status(rekognition: Any, dataset: str) -> str:
    return str(rekognition.describe_dataset(DatasetArn=dataset)["DatasetDescription"]["Status"])
