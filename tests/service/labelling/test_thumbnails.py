"""Small pictures, and images as they are stored: for those who may read them, and never anything else."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import Image

from customlabels.service.access.caller import Caller
from customlabels.service.access.statements import Statement
from customlabels.service.access.users import add_account
from customlabels.service.errors import (
    AccessDeniedException,
    InvalidImageFormatException,
    ResourceNotFoundException,
)
from customlabels.service.labelling.thumbnails import SIDE, Picture, full_picture, thumbnail
from customlabels.service.service import Service

from ...conftest import Picture as Make
from ..manifests import BUCKET, put, ref

Look = Callable[[Service, Caller, str], Picture]
WAYS = pytest.mark.parametrize("look", [thumbnail, full_picture])


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Of SQLite only: this is about files."""
    return sqlite_url


def stored(service: Service, content: bytes, key: str = "a.png") -> str:
    put(service, content, key)
    return ref(key)


def opened(picture: Picture) -> Image.Image:
    return Image.open(io.BytesIO(picture.content))


def test_a_small_picture_is_an_upright_jpeg_without_metadata(service: Service, caller: Caller, picture: Make) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "at home"
    place = stored(service, picture(800, 400, "JPEG", exif=exif.tobytes()))
    found = thumbnail(service, caller, place)
    image = opened(found)
    assert (image.format, image.size, found.media) == ("JPEG", (SIDE // 2, SIDE), "image/jpeg")
    assert b"at home" not in found.content
    small = thumbnail(service, caller, stored(service, picture(20, 10), "small.png"))
    assert opened(small).size == (20, 10)  # and this one is too small to be learnt from


def test_a_small_picture_is_made_once_and_anew_for_another_image(
    service: Service, caller: Caller, picture: Make
) -> None:
    place = stored(service, picture(seed=1))
    first = thumbnail(service, caller, place)
    (file,) = (service.settings.home / "thumbnails").rglob("*.*")
    file.write_bytes(b"kept")
    assert thumbnail(service, caller, place).content == b"kept"
    stored(service, picture(seed=2))
    second = thumbnail(service, caller, place)
    assert second.etag != first.etag
    assert second.content not in (b"kept", first.content)


def test_an_image_is_shown_as_it_is_stored(service: Service, caller: Caller, picture: Make) -> None:
    for format in ("PNG", "JPEG"):
        content = picture(format=format)
        found = full_picture(service, caller, stored(service, content, "a.gif"))
        assert (found.content, found.media) == (content, f"image/{format.lower()}")


@WAYS
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<svg onload=alert(1) xmlns='http://www.w3.org/2000/svg'/>", "not a JPEG or PNG"),
        (b"<html><script>alert(1)</script>", "not a JPEG or PNG"),
        (b"GIF89a" + bytes(20), "not a JPEG or PNG"),
        (b"", "not a JPEG or PNG"),
        (b"x" * (15 * 1024 * 1024 + 1), "15,728,64"),
    ],
)
def test_nothing_but_jpeg_and_png_is_shown(
    service: Service, caller: Caller, look: Look, content: bytes, words: str
) -> None:
    with pytest.raises(InvalidImageFormatException, match=words):
        look(service, caller, stored(service, content))


def test_an_image_that_would_take_hours_or_all_memory_has_no_small_picture(
    service: Service, caller: Caller, picture: Make
) -> None:
    scans = picture(100, 100, "JPEG") + b"\xff\xda" * 501
    with pytest.raises(InvalidImageFormatException, match="more than 500 scans"):
        thumbnail(service, caller, stored(service, scans))
    stream = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(stream, "PNG")
    with pytest.raises(InvalidImageFormatException, match="too large to open safely"):
        thumbnail(service, caller, stored(service, stream.getvalue()))
    with pytest.raises(InvalidImageFormatException, match="cut off or broken"):
        thumbnail(service, caller, stored(service, picture(400, 400, "JPEG")[:-20]))


@WAYS
@pytest.mark.parametrize(
    "place",
    [
        ref("none.png"),
        "s3://nobodys/a.png",
        "s3://pictures/",
        "s3://pictures",
        "s3:///a.png",
        "/etc/passwd",
        "file:///etc/passwd",
        "http://169.254.169.254/latest",
        "",
        ref("x" * 1500),
        ref("../../customlabels.db"),
        "s3://../customlabels.db",
    ],
)
def test_what_is_not_there_is_not_found(service: Service, caller: Caller, look: Look, place: str) -> None:
    stored(service, b"")
    with pytest.raises(ResourceNotFoundException):
        look(service, caller, place)


@WAYS
def test_only_those_who_may_read_an_image_see_it(service: Service, caller: Caller, look: Look, picture: Make) -> None:
    place = stored(service, picture())
    here = Caller(caller.account, "eve", (Statement("Allow", ("s3:GetObject",), (f"arn:aws:s3:::{BUCKET}/b/*",)),))
    stranger = Caller.administrator(add_account(service.database, "others"))
    for who in (here, stranger):
        look(service, caller, place)
        with pytest.raises(AccessDeniedException, match="s3:GetObject"):
            look(service, who, place)
