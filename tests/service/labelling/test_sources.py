"""Datasets out of folders of a bucket, and out of archives of every format: all that is in them, and nothing else."""

from __future__ import annotations

import io
import json
import stat
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from customlabels.manifest.entry import Box, Dataset, Entry
from customlabels.manifest.read import write_dataset
from customlabels.service.access.caller import Caller
from customlabels.service.access.statements import Statement
from customlabels.service.access.users import add_account
from customlabels.service.console_bucket import console_bucket
from customlabels.service.errors import (
    AccessDeniedException,
    InvalidParameterException,
    InvalidS3ObjectException,
    ResourceAlreadyExistsException,
)
from customlabels.service.labelling import archives, sources
from customlabels.service.labelling.sources import create_from, folder_label
from customlabels.service.service import Service

from ...conftest import Picture
from ..manifests import BUCKET, boxed, described, keys, label_counts, listed, new_project, put, stats, tagged, work

ARCHIVE = {"Archive": {"Bucket": BUCKET, "Name": "a.zip"}}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Of SQLite only: what these do to the database is tested with other datasets."""
    return sqlite_url


def zipped(files: Mapping[str, bytes | str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def unpacked(
    service: Service, caller: Caller, content: bytes, project: str = "", type: str = "TRAIN", **more: Any
) -> str:
    """The dataset of an archive, once the work is done. Returns its ARN."""
    put(service, content, "a.zip")
    source = {"Archive": {**ARCHIVE["Archive"], **more}}
    arn = create_from(service, caller, project or new_project(service, caller), type, source)
    assert described(service, caller, arn)["Status"] == "CREATE_IN_PROGRESS"
    work(service)
    return arn


def told(service: Service, caller: Caller, arn: str) -> tuple[str, str]:
    description = described(service, caller, arn)
    return description["Status"], description["StatusMessage"]


# checklist: K03, K04
@pytest.mark.parametrize(("prefix", "labels"), [("zoo/", True), ("zoo", True), ("zoo", False)])
def test_a_folder_of_a_bucket_becomes_a_dataset(service: Service, caller: Caller, prefix: str, labels: bool) -> None:
    names = ("zoo/root.png", "zoo/cat/a.PNG", "zoo/cat/old/b.jpeg", "zoo/dog & <i>/c.jpg", "zoo2/not.png")
    clutter = ("zoo/cat/notes.txt", "zoo/cat/", "zoo/cat/.hidden.png", "zoo/cat/x.gif")
    for name in (*names, *clutter):
        put(service, b"" if name.endswith("/") else b"image", name)
    source = {"Folder": {"Bucket": BUCKET, "Prefix": prefix, "LabelsFromFolders": labels}}
    arn = create_from(service, caller, new_project(service, caller), "TRAIN", source)
    work(service)
    assert told(service, caller, arn) == ("CREATE_COMPLETE", "The dataset was successfully created from the folder.")
    assert sorted(keys(service, caller, arn)) == sorted(names[:4])
    counts = {"cat": (2, 0), "dog & <i>": (1, 0)} if labels else {}
    assert label_counts(service, caller, arn) == counts


@pytest.mark.parametrize(
    ("key", "label"),
    [("f/cat/a.png", "cat"), ("f/cat/deep/a.png", "cat"), ("f/a.png", None), ("f//a.png", None)],
)
def test_the_first_folder_names_the_label(key: str, label: str | None) -> None:
    assert folder_label("f/", key) == label


def test_how_far_it_is_can_be_seen(service: Service, caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """In transactions of their own, while the manifest is being written."""
    monkeypatch.setattr(sources, "_TELL_SECONDS", -1.0)
    for key in ("a.png", "b.png"):
        put(service, b"x", f"f/{key}")
    words = []
    set_status = sources.write_manifest.__globals__["_seldom"]
    monkeypatch.setattr(
        sources,
        "_seldom",
        lambda tell: set_status(lambda text: (words.append(text), tell(text))),  # type: ignore[func-returns-value]
    )
    arn = create_from(
        service, caller, new_project(service, caller), "TRAIN", {"Folder": {"Bucket": BUCKET, "Prefix": "f"}}
    )
    work(service)
    assert told(service, caller, arn)[0] == "CREATE_COMPLETE"
    assert words == ["The dataset is being created: 2 images found."]


def _dataset(picture: Picture, boxes: bool) -> Dataset:
    """Two training images and one for testing."""
    content = {f"{name}.png": picture(seed=seed) for seed, name in enumerate("abc")}
    if boxes:
        found = [
            Entry("a.png", boxes=(Box("cat", 1, 2, 30, 40), Box("dog", 5, 5, 20, 20)), width=96, height=64),
            Entry("b.png", boxes=(Box("cat", 0, 0, 96, 64),), width=96, height=64),
            Entry("c.png", boxes=(Box("dog", 10, 10, 20, 20),), width=96, height=64),
        ]
    else:
        found = [Entry("a.png", ("cat",)), Entry("b.png", ("dog",)), Entry("c.png", ("cat",))]
    split = {"a.png": "train", "b.png": "train", "c.png": "test"}
    return Dataset(tuple(found), ("cat", "dog"), content.__getitem__, split=split)  # type: ignore[arg-type]


def packed(dataset: Dataset, format: str, folder: Path, below: str = "") -> bytes:
    write_dataset(dataset, folder, format)
    files = {f"{below}{p.relative_to(folder)}": p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
    return zipped(files)


# checklist: K03
@pytest.mark.parametrize("below", ["", "My pictures/"])
@pytest.mark.parametrize(
    ("format", "boxes"),
    [("coco", True), ("voc", True), ("yolo", True), ("csv", True), ("csv", False), ("folders", False)],
)
def test_an_archive_becomes_a_training_and_a_test_dataset(
    service: Service, caller: Caller, picture: Picture, tmp_path: Path, format: str, boxes: bool, below: str
) -> None:
    content = packed(_dataset(picture, boxes), format, tmp_path / "set", below)
    project = new_project(service, caller)
    train = unpacked(service, caller, content, project, "TRAIN", Part="train")
    test = unpacked(service, caller, content, project, "TEST", Part="test")
    assert told(service, caller, train) == ("CREATE_COMPLETE", "The dataset was successfully created from the archive.")
    counts = {"cat": (2, 2), "dog": (1, 1)} if boxes else {"cat": (1, 0), "dog": (1, 0)}
    assert label_counts(service, caller, train) == counts
    assert stats(service, caller, test)[:3] == (1, 1, 0)
    (line,) = listed(service, caller, test)
    if boxes:
        (box,) = line["BB"]["annotations"]
        assert [box[side] for side in ("left", "top", "width", "height")] == [10, 10, 20, 20]
    bucket, _, key = line["source-ref"].removeprefix("s3://").partition("/")
    assert bucket == console_bucket(service, caller.account)
    assert "_test_dataset/" in key
    assert service.objects.read(bucket, key) == picture(seed=2)


def test_a_single_dataset_has_all_parts(service: Service, caller: Caller, picture: Picture, tmp_path: Path) -> None:
    content = packed(_dataset(picture, True), "coco", tmp_path / "set")
    assert stats(service, caller, unpacked(service, caller, content))[0] == 3
    content = zipped({"cat/a.png": picture(seed=1), "dog/a.png": picture(seed=2)})
    arn = unpacked(service, caller, content)
    places = [line["source-ref"].rpartition("/")[2] for line in listed(service, caller, arn)]
    assert places == ["a.png", "a (2).png"]
    arn = unpacked(service, caller, content, type="TEST", Part="test")
    assert "does not say which images are for testing" in told(service, caller, arn)[1]


def test_what_cannot_be_used_is_left_out_and_named(service: Service, caller: Caller, picture: Picture) -> None:
    content = {"cat/ok.png": picture(), "cat/small.png": picture(20, 20), "cat/text.jpg": b"hello"}
    arn = unpacked(service, caller, zipped(content))
    status, message = told(service, caller, arn)
    assert status == "CREATE_COMPLETE"
    assert "2 images were left out (cat/small.png: " in message
    assert "4096.; cat/text.jpg: The data is not a JPEG or PNG" in message
    assert stats(service, caller, arn)[0] == 1
    arn = unpacked(service, caller, zipped({"cat/text.jpg": b"hello"}))
    status, message = told(service, caller, arn)
    assert status == "CREATE_FAILED"
    assert message.startswith("The archive has no usable image. 1 image was left out (cat/text.jpg")


@pytest.mark.parametrize("place", ["{secret}", "../../../{secret}", "../../a.zip", "/etc/hostname"])
@pytest.mark.parametrize("boxes", [True, False])
def test_a_manifest_in_an_archive_reads_no_file_of_the_server(
    service: Service, caller: Caller, picture: Picture, tmp_path: Path, place: str, boxes: bool
) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(picture(seed=7))
    line = json.loads(boxed("x", "cat") if boxes else tagged("x", "cat"))
    lines = [json.dumps({**line, "source-ref": name}) for name in ("a.png", place.format(secret=secret))]
    arn = unpacked(service, caller, zipped({"x.manifest": "\n".join(lines), "a.png": picture()}))
    status, message = told(service, caller, arn)
    assert status == "CREATE_COMPLETE"
    assert "1 image was left out" in message
    assert "is not in the archive" in message
    assert stats(service, caller, arn)[0] == 1


def _symlink() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        info = zipfile.ZipInfo("cat/a.png")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    return stream.getvalue()


def _with_password(content: bytes) -> bytes:
    """The flag that says so, in both headers."""
    changed = bytearray(content)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        changed[content.index(signature) + offset] |= 1
    return bytes(changed)


def _damaged(picture: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("cat/a.png", picture * 3)
    content = bytearray(stream.getvalue())
    content[60:90] = b"\xff" * 30
    return bytes(content)


def _unknown_method(content: bytes) -> bytes:
    changed = bytearray(content)
    for signature, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = content.index(signature) + offset
        changed[at : at + 2] = struct.pack("<H", 97)
    return bytes(changed)


# checklist: L04
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("dotdot", "leads outside of it"),
        ("absolute", "leads outside of it"),
        ("drive", "leads outside of it"),
        ("symlink", "leads outside of it"),
        ("password", "ZIP file without a password"),
        ("damaged", "The archive cannot be read"),
        ("method", "The archive cannot be read"),
        ("cut", "The archive cannot be read"),
        ("no zip", "The archive cannot be read"),
        ("file and folder", "The archive cannot be unpacked"),
        ("long name", "The archive cannot be unpacked"),
        ("nothing", "no dataset of a known format"),
        ("text", "no dataset of a known format"),
        ("many", "3 files; at most 2 are allowed"),
        ("long list", "lists more than"),
        ("large", "more than 0 MB: leave it out"),
        ("bomb", "more than 0 GB: divide it"),
    ],
)
def test_an_archive_that_is_none_of_ours_is_refused_with_words(
    service: Service, caller: Caller, picture: Picture, monkeypatch: pytest.MonkeyPatch, kind: str, words: str
) -> None:
    one = zipped({"cat/a.png": picture()})
    contents: dict[str, bytes] = {
        "dotdot": zipped({"cat/a.png": picture(), "../../../evil.png": picture()}),
        "absolute": zipped({"/tmp/evil.png": picture()}),
        "drive": zipped({"C:\\evil.png": picture()}),
        "symlink": _symlink(),
        "password": _with_password(one),
        "damaged": _damaged(picture()),
        "method": _unknown_method(one),
        "cut": one[:-30],
        "no zip": b"PK\x03\x04 or not",
        "file and folder": zipped({"cat": b"x", "cat/a.png": picture()}),
        "long name": zipped({f"cat/{'x' * 300}.png": picture()}),
        "nothing": zipped({}),
        "text": zipped({"readme.txt": b"hello"}),
        "many": zipped({f"cat/{i}.png": picture() for i in range(3)}),
        "long list": zipped({f"cat/{'x' * 200}{i}.png": b"" for i in range(3)}),
        "large": one,
        "bomb": zipped({"cat/a.png": picture(), "cat/b.png": picture()}),
    }
    limits = {
        "many": ("MAX_FILES", 2),
        "long list": ("MAX_DIRECTORY", 600),
        "large": ("MAX_FILE", 100),
        "bomb": ("MAX_UNPACKED", len(picture()) + 9),
    }
    if kind in limits:
        monkeypatch.setattr(archives, *limits[kind])
    before = set(Path("/tmp").iterdir())
    arn = unpacked(service, caller, contents[kind])
    status, message = told(service, caller, arn)
    assert status == "CREATE_FAILED"
    assert words in message
    assert described(service, caller, arn)["StatusMessageCode"] == "CLIENT_ERROR"
    assert "customlabels-archive" not in message
    left = {path for path in set(Path("/tmp").iterdir()) - before if "archive" in path.name or "evil" in path.name}
    assert not left


def test_an_archive_is_unpacked_again_after_a_kill(
    service: Service, caller: Caller, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    content = zipped({"cat/a.png": picture(seed=1), "dog/b.png": picture(seed=2)})
    with monkeypatch.context() as patch:
        patch.setattr(sources, "words_on", killed)
        with pytest.raises(Killed):
            unpacked(service, caller, content)
    service.queue.release("test")
    work(service)
    bucket = console_bucket(service, caller.account)
    assert len(service.objects.list_objects(bucket, "assets/")) == 2
    assert len(service.objects.list_objects(bucket, "datasets/")) == 1


def test_what_cannot_be_a_source_is_refused_at_once(service: Service, caller: Caller) -> None:
    put(service, b"x", "a.zip")
    service.objects.create_bucket("theirs", add_account(service.database, "others"))
    service.objects.put("theirs", "a.zip", b"x")
    project = new_project(service, caller)
    folder = {"Bucket": BUCKET, "Prefix": ""}
    table: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({}, InvalidParameterException, "either Folder or Archive"),
        ({**ARCHIVE, "Folder": folder}, InvalidParameterException, "either Folder or Archive"),
        ({"Archive": {"Bucket": BUCKET, "Name": "none.zip"}}, InvalidS3ObjectException, "none.zip"),
        ({"Archive": {"Bucket": "theirs", "Name": "a.zip"}}, InvalidS3ObjectException, "theirs"),
        ({"Folder": {"Bucket": "theirs", "Prefix": ""}}, InvalidS3ObjectException, "not yours to list"),
        ({"Folder": {"Bucket": "nobodys", "Prefix": ""}}, InvalidS3ObjectException, "nobodys"),
        ({"Folder": {"Bucket": BUCKET, "Prefix": "none/"}}, InvalidS3ObjectException, "nothing in s3://"),
    ]
    for source, error, words in table:
        with pytest.raises(error, match=words):
            create_from(service, caller, project, "TRAIN", source)
    eve = Caller(caller.account, "eve", (Statement("Allow", ("rekognition:*",), ("*",)),))
    for source in (ARCHIVE, {"Folder": folder}):
        with pytest.raises(InvalidS3ObjectException):
            create_from(service, eve, project, "TRAIN", source)
    looking = Caller(caller.account, "eve", (Statement("Allow", ("s3:*",), ("*",)),))
    with pytest.raises(AccessDeniedException, match="CreateDataset"):
        create_from(service, looking, project, "TRAIN", {"Folder": folder})
    create_from(service, caller, project, "TRAIN", {"Folder": folder})
    with pytest.raises(ResourceAlreadyExistsException):
        create_from(service, caller, project, "TRAIN", {"Folder": folder})
    work(service)  # a.zip is no image
    arn = create_from(service, caller, project, "TEST", {"Folder": folder})
    work(service)
    assert told(service, caller, arn) == ("CREATE_FAILED", "There is no JPEG or PNG image in s3://pictures/.")
