"""Images, labels and boxes in the browser, and what the API says of them; files of any name, shown or saved inert."""

from __future__ import annotations

import io
import json
import time
import zipfile
from typing import Any

import pytest

from customlabels.api.console import routes
from customlabels.service.labelling import uploads

from ...conftest import Picture
from .conftest import API, Browser, NewBrowser, NewDataset, code, good

NAMES = [
    "dog.png",
    "<img src=x onerror=alert(1)>.png",
    "../../x.png",
    "..\\..\\y.png",
    "x" * 300 + ".png",
    "子犬 🐶 né.png",
    "a?b#c%2F&d=e+f.png",
    "\"quoted'; drop table.png",
    "\u202egnp.exe",
]


def named(place: str) -> str:
    return place.rpartition("/")[2]


def ready(browser: Browser, dataset: str) -> dict[str, Any]:
    """The description of a dataset once it is not in work any more."""
    until = time.monotonic() + 30
    while True:
        described: dict[str, Any] = browser.call("DescribeDataset", DatasetArn=dataset)["DatasetDescription"]
        if not described["Status"].endswith("IN_PROGRESS") or time.monotonic() > until:
            return described
        time.sleep(0.05)


# checklist: K05, K18
def test_files_of_any_name_are_uploaded_listed_and_shown(
    admin: Browser, new_dataset: NewDataset, picture: Picture
) -> None:
    arn, places = new_dataset("names"), []
    for seed, name in enumerate(NAMES):
        content = picture(seed=seed)
        added = good(admin.put("images/upload", content, DatasetArn=arn, Name=name, Label=[name[:200], "dog"]))
        assert added["New"] is True
        again = good(admin.put("images/upload", content, DatasetArn=arn, Name=name))
        assert again == added | {"New": False}
        places.append(added["SourceRef"])
        shown = admin.get("image", SourceRef=added["SourceRef"])
        assert shown.content == content
        assert admin.get("thumbnail", SourceRef=added["SourceRef"]).content.startswith(b"\xff\xd8\xff")
        bucket, _, key = added["SourceRef"].removeprefix("s3://").partition("/")
        saved = admin.get("object", Bucket=bucket, Key=key)
        assert saved.content == content
        assert "\n" not in saved.headers["content-disposition"]
    images = good(admin.get("images", DatasetArn=arn))["Images"]
    assert [image["SourceRef"] for image in images] == places
    assert [image["Labels"] for image in images] == [[name[:200], "dog"] for name in NAMES]
    assert [named(place) for place in places[:4]] == ["dog.png", "<img src=x onerror=alert(1)>.png", "x.png", "y.png"]
    entries = admin.call("ListDatasetEntries", DatasetArn=arn)["DatasetEntries"]
    assert [json.loads(entry)["source-ref"] for entry in entries] == places
    for name, place in zip(NAMES, places, strict=True):
        (found,) = good(admin.get("images", DatasetArn=arn, Label=name[:200]))["Images"]
        assert found["SourceRef"] == place
    found = good(admin.post("images/find", DatasetArn=arn, SourceRefs=places[::-1]))["Images"]
    assert [image["SourceRef"] for image in found] == places[::-1]


# checklist: K05
def test_other_files_are_refused_by_name(
    admin: Browser, new_browser: NewBrowser, new_dataset: NewDataset, picture: Picture
) -> None:
    arn = new_dataset("refused")
    for content, error, words in (
        (b"<svg onload=alert(1)>", "InvalidImageFormatException", "evil.svg: .*not a JPEG or PNG"),
        (b"", "InvalidImageFormatException", "not a JPEG or PNG"),
        (picture(40, 40), "InvalidParameterException", "64 to 4096"),
        (picture()[:-50], "InvalidImageFormatException", "cut off or broken"),
    ):
        response = admin.put("images/upload", content, DatasetArn=arn, Name="evil.svg")
        assert code(response) == error
        assert words.rpartition("*")[2] in response.json()["Message"]
    assert code(new_browser().put("images/upload", bytes(1 << 20), DatasetArn=arn, Name="a")) == "SignInRequired"
    assert admin.call("DescribeDataset", DatasetArn=arn)["DatasetDescription"]["DatasetStats"]["TotalEntries"] == 0


def test_a_file_that_is_too_large_is_refused_before_it_is_here(
    admin: Browser, new_dataset: NewDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert routes.UPLOADS["PUT", "images/upload"] == uploads.MAX_UPLOAD_BYTES
    monkeypatch.setitem(routes.UPLOADS, ("PUT", "images/upload"), 1000)
    response = admin.put("images/upload", bytes(1001), DatasetArn=new_dataset("large"), Name="a.png")
    assert code(response) == "RequestEntityTooLargeException"
    assert "1,000 bytes" in response.json()["Message"]


@pytest.mark.parametrize("route", ["image", "thumbnail", "object"])
def test_what_was_uploaded_is_inert(admin: Browser, new_dataset: NewDataset, picture: Picture, route: str) -> None:
    (image,) = _with_one_image(admin, new_dataset(f"inert-{route}"), picture)
    bucket, _, key = image.removeprefix("s3://").partition("/")
    query = {"Bucket": bucket, "Key": key} if route == "object" else {"SourceRef": image}
    response = admin.get(route, **query)
    assert response.status_code == 200
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in response.headers["content-security-policy"]
    assert "default-src 'none'" in response.headers["content-security-policy"]
    if route == "object":
        assert response.headers["content-type"] == "application/octet-stream"
        assert response.headers["content-disposition"].startswith("attachment;")
        return
    assert response.headers["content-type"] in ("image/png", "image/jpeg")
    assert response.headers["cross-origin-resource-policy"] == "same-origin"
    assert "private" in response.headers["cache-control"]
    etag = response.headers["etag"]
    same = admin.http.get(API + route, params=query, headers={"if-none-match": etag})
    assert (same.status_code, same.content) == (304, b"")


def _with_one_image(browser: Browser, dataset: str, picture: Picture) -> list[str]:
    return [good(browser.put("images/upload", picture(), DatasetArn=dataset, Name="a.png", Label="cat"))["SourceRef"]]


def test_markup_in_a_bucket_is_never_shown(admin: Browser, client: Any) -> None:
    bucket = good(admin.get("me"))["Bucket"]
    html = b"<script>alert(document.domain)</script>"
    client("s3").put_object(Bucket=bucket, Key="evil.png", Body=html, ContentType="text/html")
    for route in ("image", "thumbnail"):
        assert code(admin.get(route, SourceRef=f"s3://{bucket}/evil.png")) == "InvalidImageFormatException"
    saved = admin.get("object", Bucket=bucket, Key="evil.png")
    assert saved.headers["content-type"] == "application/octet-stream"


# checklist: K07, K08, K09, K10, K18
def test_what_the_console_does_the_api_sees_and_the_other_way_round(
    admin: Browser, new_dataset: NewDataset, picture: Picture, rekognition: Any
) -> None:
    arn = new_dataset("both-ways")
    (place,) = _with_one_image(admin, arn, picture)
    good(admin.post("labels", DatasetArn=arn, Names=["dog", "bird"]))
    good(admin.post("labels/colour", DatasetArn=arn, Name="dog", Colour="#ff0000"))
    good(admin.post("images/labels", DatasetArn=arn, SourceRefs=[place], Add=["indoors"], Remove=["cat"]))
    box = {"Label": "dog", "Left": 1, "Top": 2, "Width": 30, "Height": 40}
    drawn = {"SourceRef": place, "Width": 96, "Height": 64, "Boxes": [box]}
    good(admin.post("images/boxes", DatasetArn=arn, Images=[drawn]))
    names = [item["LabelName"] for item in rekognition.list_dataset_labels(DatasetArn=arn)["DatasetLabelDescriptions"]]
    assert sorted(names) == ["bird", "dog", "indoors"]
    (line,) = rekognition.list_dataset_entries(DatasetArn=arn, ContainsLabels=["dog"])["DatasetEntries"]
    content = json.loads(line)
    assert content["BB"]["annotations"] == [{"class_id": 0, "left": 1, "top": 2, "width": 30, "height": 40}]
    for value in content["BB"]["annotations"]:
        value["left"] = 11
    rekognition.update_dataset_entries(DatasetArn=arn, Changes={"GroundTruth": json.dumps(content).encode()})
    assert ready(admin, arn)["Status"] == "UPDATE_COMPLETE"
    (image,) = good(admin.get("images", DatasetArn=arn, Labeled="true", Text="a.png"))["Images"]
    assert (image["Boxes"], image["Labels"]) == ([box | {"Left": 11}], ["indoors"])
    good(admin.post("labels/rename", DatasetArn=arn, Name="dog", NewName="wolf"))
    assert ready(admin, arn)["Status"] == "UPDATE_COMPLETE"
    labels = {item["Name"]: item for item in good(admin.get("labels", DatasetArn=arn))["Labels"]}
    assert labels["wolf"] == {"Name": "wolf", "Images": 1, "BoxedImages": 1, "Colour": "#ff0000"}
    good(admin.post("labels/delete", DatasetArn=arn, Name="wolf", FromImages=True))
    assert ready(admin, arn)["DatasetStats"]["TotalLabels"] == 2
    good(admin.post("images/remove", DatasetArn=arn, SourceRefs=[place]))
    assert rekognition.list_dataset_entries(DatasetArn=arn)["DatasetEntries"] == []


# checklist: K03
def test_a_dataset_is_made_of_an_archive_and_of_a_folder(admin: Browser, picture: Picture, rekognition: Any) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("cat/a.png", picture(seed=1))
        archive.writestr("dog/b.png", picture(seed=2))
    place = good(admin.put("archives", stream.getvalue(), Name="../pets.zip"))
    assert place["Name"].endswith("/pets.zip")
    assert place != good(admin.put("archives", stream.getvalue(), Name="../pets.zip"))  # of two people, perhaps
    project = admin.call("CreateProject", ProjectName="sources")["ProjectArn"]
    source = {"Archive": place}
    train = good(admin.post("datasets", ProjectArn=project, DatasetType="TRAIN", Source=source))["DatasetArn"]
    assert ready(admin, train)["DatasetStats"]["LabeledEntries"] == 2
    folders = good(admin.get("folders", Bucket=place["Bucket"], Prefix="assets/"))["Folders"]
    (folder,) = [name for name in folders if "sources_" in name]
    source = {"Folder": {"Bucket": place["Bucket"], "Prefix": folder, "LabelsFromFolders": False}}
    test = good(admin.post("datasets", ProjectArn=project, DatasetType="TEST", Source=source))["DatasetArn"]
    assert ready(admin, test)["DatasetStats"]["TotalEntries"] == 2
    (described,) = rekognition.describe_projects(ProjectNames=["sources"])["ProjectDescriptions"]
    assert [item["DatasetArn"] for item in described["Datasets"]] == [train, test]
    good(admin.post("projects/delete", ProjectArn=project))
    until = time.monotonic() + 30
    while rekognition.describe_projects(ProjectNames=["sources"])["ProjectDescriptions"] and time.monotonic() < until:
        time.sleep(0.05)
    assert rekognition.describe_projects(ProjectNames=["sources"])["ProjectDescriptions"] == []


def test_the_manifest_of_a_dataset_is_saved_as_it_is_now(
    admin: Browser, new_browser: NewBrowser, new_dataset: NewDataset, picture: Picture
) -> None:
    arn = new_dataset("exported")
    for seed in (1, 2):
        good(admin.put("images/upload", picture(seed=seed), DatasetArn=arn, Name=f"{seed}.png", Label=["dog"]))
    saved = admin.get("manifest", DatasetArn=arn)
    assert saved.headers["content-disposition"].endswith("exported-train.manifest")
    assert saved.text.splitlines() == admin.call("ListDatasetEntries", DatasetArn=arn)["DatasetEntries"]
    assert code(new_browser("asker", "Inference-only").get("manifest", DatasetArn=arn)) == "AccessDeniedException"
