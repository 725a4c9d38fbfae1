"""Images from people's computers: of any name, of any size, at once and again."""

from __future__ import annotations

import io
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
from PIL import Image

from customlabels.engine.decoders import Decoders
from customlabels.imaging.images import decode, read_header
from customlabels.service.access.caller import Caller
from customlabels.service.access.statements import Statement
from customlabels.service.access.users import add_account
from customlabels.service.console_bucket import console_bucket
from customlabels.service.errors import (
    AccessDeniedException,
    ImageTooLargeException,
    InvalidImageFormatException,
    InvalidParameterException,
    ResourceInUseException,
    ServiceError,
)
from customlabels.service.labelling.gallery import list_images
from customlabels.service.labelling.thumbnails import has_thumbnail
from customlabels.service.labelling.uploads import Added, add_image, clean_name, fitting
from customlabels.service.service import Service

from ...conftest import Picture
from ..manifests import BUCKET, asked, keys, listed, made, put, ref, stats, tagged


def refs(service: Service, caller: Caller, arn: str) -> list[str]:
    return [line["source-ref"] for line in listed(service, caller, arn)]


# checklist: K05, K18
def test_an_upload_is_stored_and_listed(service: Service, caller: Caller, picture: Picture) -> None:
    arn, content = made(service, caller, None), picture(100, 80)
    added = add_image(service, caller, arn, "dog.png", content, ["puppy", "indoors"])
    bucket = console_bucket(service, caller.account)
    project, _, created = arn.split("project/")[1].split("/", 1)[0], "", arn.rpartition("/")[2]
    key = f"assets/{project}_{created}_training_dataset/dog.png"
    assert added == Added(f"s3://{bucket}/{key}", True)
    assert service.objects.read(bucket, key) == content
    assert has_thumbnail(service, bucket, key, service.objects.head(bucket, key).etag)
    (image,) = list_images(service, caller, arn)["Images"]
    assert (image["SourceRef"], image["Labels"]) == (added.source_ref, ["puppy", "indoors"])


def test_an_upload_can_be_sent_again(service: Service, caller: Caller, picture: Picture) -> None:
    arn, content = made(service, caller, None), picture()
    first = add_image(service, caller, arn, "dog.png", content, ["puppy"])
    assert add_image(service, caller, arn, "dog.png", content, ["other"]) == replace(first, new=False)
    assert list_images(service, caller, arn)["Images"][0]["Labels"] == ["puppy"]


def test_another_image_of_the_same_name_has_a_number(service: Service, caller: Caller, picture: Picture) -> None:
    arn = made(service, caller, None)
    for seed in (1, 2, 3, 2):
        add_image(service, caller, arn, "dog.png", picture(seed=seed))
    assert [place.rpartition("/")[2] for place in refs(service, caller, arn)] == [
        "dog.png",
        "dog (2).png",
        "dog (3).png",
    ]


def test_images_of_one_name_at_the_same_moment_are_all_kept(service: Service, caller: Caller, picture: Picture) -> None:
    """On an account whose bucket is yet to be made; two of the six are the same."""
    arn = made(service, caller, None)
    contents = [picture(seed=seed) for seed in (1, 2, 3, 4, 5, 5)]
    ready, outcomes = threading.Barrier(len(contents)), list[Added | Exception]()

    def send(content: bytes) -> None:
        ready.wait()
        try:
            outcomes.append(add_image(service, caller, arn, "dog.png", content))
        except Exception as error:
            outcomes.append(error)

    threads = [threading.Thread(target=send, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(outcome.new for outcome in outcomes if isinstance(outcome, Added)) == {True: 5, False: 1}
    bucket = console_bucket(service, caller.account)
    places = refs(service, caller, arn)
    assert len(places) == 5
    assert {service.objects.read(bucket, place.removeprefix(f"s3://{bucket}/")) for place in places} == set(contents)


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("dog.png", "dog.png"),
        ("<img src=x onerror=alert(1)>.png", "<img src=x onerror=alert(1)>.png"),
        ("../../x.png", "x.png"),
        ("C:\\pictures\\x.png", "x.png"),
        ("/etc/passwd", "passwd"),
        ("..", "image"),
        (".", "image"),
        ("", "image"),
        ("folder/", "image"),
        ("  a b .png  ", "a b .png"),
        ("a\r\nb\0.png", "a__b_.png"),
        ("子犬🐶.jpeg", "子犬🐶.jpeg"),
        (".png", ".png"),
        ("x" * 300 + ".png", "x" * 196 + ".png"),
        ("犬" * 300 + ".png", "犬" * 65 + ".png"),
        ("a." + "x" * 300, "a." + "x" * 15),
    ],
)
def test_names_are_made_harmless_and_stay_recognisable(name: str, cleaned: str) -> None:
    assert clean_name(name) == cleaned
    assert clean_name(cleaned) == cleaned


# checklist: K05
def test_files_of_any_name_are_stored_below_the_datasets_folder(
    service: Service, caller: Caller, picture: Picture
) -> None:
    arn = made(service, caller, None)
    names = [
        "../../x.png",
        "<b>.png",
        "子犬.png",
        "x" * 300 + ".png",
        "..",
        "a?b#c%2f.png",
        "con.png",
        "X.PNG",
        "x.png ",
    ]
    for number, name in enumerate(names):
        add_image(service, caller, arn, name, picture(seed=number))
    places = refs(service, caller, arn)
    assert len(set(places)) == len(names)
    assert len({place.rpartition("/")[0] for place in places}) == 1
    assert not service.objects.list_objects(console_bucket(service, caller.account), "", "assets/~")


def _jpeg(width: int, height: int, **options: object) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(stream, "JPEG", **options)
    return stream.getvalue()


def _sideways() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return _jpeg(5000, 1000, exif=exif.tobytes())


@pytest.fixture(scope="module")
def decoders() -> Iterator[Decoders]:
    opened = Decoders()
    yield opened
    opened.close()


def test_large_images_are_made_smaller_and_upright(decoders: Decoders) -> None:
    content = _sideways()
    small, note = fitting(decoders, "tall.jpg", content)
    header = read_header(small)
    assert (header.width, header.height) == (819, 4096)
    assert "4096 pixels" in note
    assert decode(small).shape == (4096, 819, 3)
    assert fitting(decoders, "x.jpg", _jpeg(4096, 64 * 4)) == (_jpeg(4096, 64 * 4), "")


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b"", InvalidImageFormatException, "evil.png: .*not a JPEG or PNG"),
        (b"<svg onload=alert(1)>", InvalidImageFormatException, "not a JPEG or PNG"),
        (b"GIF89a" + bytes(50), InvalidImageFormatException, "not a JPEG or PNG"),
        (_jpeg(100, 100)[:-20], InvalidImageFormatException, "cut off or broken"),
        (b"\x89PNG\r\n\x1a\n" + bytes(60), InvalidImageFormatException, "evil.png"),
        (_jpeg(40, 40), InvalidParameterException, "40x40 pixels; each side must have 64 to 4096"),
        (_jpeg(6000, 200), ImageTooLargeException, "20 times"),
        (_jpeg(200, 200) + b"\xff\xda" * 501, InvalidImageFormatException, "more than 500 scans"),
        (_jpeg(4100, 300) + b"\xff\xda" * 501, InvalidImageFormatException, "more than 500 scans"),
    ],
)
def test_what_is_no_usable_image_is_refused_with_its_name(
    decoders: Decoders, content: bytes, error: type[ServiceError], words: str
) -> None:
    with pytest.raises(error, match=words):
        fitting(decoders, "evil.png", content)


# checklist: K05
def test_a_refused_file_leaves_nothing_behind(service: Service, caller: Caller) -> None:
    arn = made(service, caller, None)
    for name, content in (("cut.jpg", _jpeg(100, 100)[:-20]), ("notes.txt", b"hello")):
        with pytest.raises(InvalidImageFormatException, match=name):
            add_image(service, caller, arn, name, content)
    with pytest.raises(InvalidParameterException, match="NUL"):
        add_image(service, caller, arn, "a.jpg", _jpeg(100, 100), ["a\0"])
    assert service.objects.list_objects(console_bucket(service, caller.account)) == []
    assert stats(service, caller, arn) == (0, 0, 0, 0)


def test_images_go_where_those_of_the_dataset_are(service: Service, caller: Caller, picture: Picture) -> None:
    arn = made(service, caller, [tagged("a.png", "cat")])
    assert add_image(service, caller, arn, "b.png", picture()).source_ref.startswith(f"s3://{BUCKET}/assets/")
    assert len(keys(service, caller, arn)) == 2


def test_nothing_is_written_to_buckets_of_others_or_of_nobody(
    service: Service, caller: Caller, picture: Picture
) -> None:
    service.objects.create_bucket("theirs", add_account(service.database, "others"))
    for bucket in ("theirs", "nobodys"):
        line = tagged("a.png", "cat").replace(ref(""), f"s3://{bucket}/")
        arn = made(service, caller, [line])
        with pytest.raises(InvalidParameterException, match=f"bucket {bucket}, which is not there or not yours"):
            add_image(service, caller, arn, "b.png", picture())
        assert stats(service, caller, arn)[0] == 1
    assert service.objects.list_objects("theirs") == []


def test_rights_are_asked_for(service: Service, caller: Caller, picture: Picture) -> None:
    arn = made(service, caller, None)
    for actions, missing in (
        (("s3:*", "rekognition:List*"), "UpdateDatasetEntries"),
        (("rekognition:*",), "PutObject"),
    ):
        who = Caller(service.account, "eve", (Statement("Allow", actions, ("*",)),))
        with pytest.raises(AccessDeniedException, match=missing):
            add_image(service, who, arn, "a.png", picture())
    waiting = asked(service, caller, [tagged("a.png", "cat")])
    put(service, b"")
    with pytest.raises(ResourceInUseException):
        add_image(service, caller, waiting, "a.png", picture())
