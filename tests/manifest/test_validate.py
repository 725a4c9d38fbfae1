"""Entries against their images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from customlabels.imaging.images import read_header
from customlabels.manifest.entry import Box, Entry
from customlabels.manifest.opener import Folder
from customlabels.manifest.problems import problem
from customlabels.manifest.validate import check_image, check_images, is_usable

Picture = Callable[..., bytes]
BOX = Box("cat", 5, 5, 20, 20)


def codes(entry: Entry) -> list[str]:
    return [p.code for p in entry.problems]


def sideways() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def test_a_good_image_gives_its_size(picture: Picture) -> None:
    entry = check_image(Entry("a.png", ("cat",)), picture(120, 80))
    assert (entry.width, entry.height, entry.problems) == (120, 80, ())


@pytest.mark.parametrize(
    ("width", "height", "options", "labelled", "boxed"),
    [
        (63, 80, {}, "ERROR_INVALID_IMAGE", "ERROR_INVALID_IMAGE_DIMENSION"),
        (4097, 300, {}, "ERROR_INVALID_IMAGE", "ERROR_INVALID_IMAGE_DIMENSION"),
        (64, 1400, {}, "ERROR_INVALID_IMAGE", "ERROR_INVALID_IMAGE_DIMENSION"),
        (100, 100, {"format": "GIF"}, "ERROR_INVALID_IMAGE", "ERROR_INVALID_IMAGE"),
        (100, 100, {"format": "WEBP"}, "ERROR_INVALID_IMAGE", "ERROR_INVALID_IMAGE"),
    ],
)
def test_bad_images_are_errors_of_the_line(
    width: int, height: int, options: dict[str, str], labelled: str, boxed: str, picture: Picture
) -> None:
    data = picture(width, height, **options)
    with_label = check_image(Entry("a", ("cat",), line=4), data)
    with_box = check_image(Entry("a", boxes=(BOX,), line=4), data)
    negative = check_image(Entry("a", boxes=(), line=4), data)
    assert [codes(e) for e in (with_label, with_box, negative)] == [[labelled], [boxed], [labelled]]
    assert not is_usable(with_label)
    assert not is_usable(with_box)
    assert with_label.problems[0].location == ()
    assert with_label.problems[0].line == 4


def test_cut_off_data_is_found_by_decoding_only(picture: Picture) -> None:
    data = picture(300, 200, "JPEG")[:-500]
    assert codes(check_image(Entry("a", ("cat",)), data)) == ["ERROR_INVALID_IMAGE"]
    assert codes(check_image(Entry("a", ("cat",)), data, examine=read_header)) == []


def test_boxes_are_upright_also_where_the_entry_has_the_stored_size(picture: Picture) -> None:
    data = picture(200, 100, "JPEG", exif=sideways())  # 100 x 200 upright
    low = Box("cat", 10, 150, 50, 40)
    for size in ((100, 200), (200, 100)):
        entry = check_image(Entry("a", boxes=(low,), width=size[0], height=size[1]), data)
        assert (entry.width, entry.height, entry.boxes, entry.problems) == (100, 200, (low,), ())


def test_a_box_outside_the_upright_image_is_dropped_with_its_place(picture: Picture) -> None:
    data = picture(200, 100, "JPEG", exif=sideways())
    wide = Box("cat", 150, 10, 40, 50)  # inside 200 x 100 only
    annotations = [{"left": b.left, "top": b.top, "width": b.width, "height": b.height} for b in (BOX, wide)]
    entry = Entry("a", (), (BOX, wide), 200, 100, attributes={"BB": {"annotations": annotations}})
    checked = check_image(entry, data)
    assert checked.boxes == (BOX,)
    assert [(p.code, p.location) for p in checked.problems] == [
        ("ERROR_INVALID_BOUNDING_BOX", ("BB", "annotations", 1))
    ]
    assert is_usable(checked)
    alone = check_image(replace(entry, boxes=(wide,)), data)
    assert codes(alone) == ["ERROR_INVALID_BOUNDING_BOX", "ERROR_NO_VALID_ANNOTATIONS"]
    assert not is_usable(alone)


@pytest.mark.parametrize(("boxes", "expected"), [((BOX,), ["ERROR_INVALID_IMAGE_DIMENSION"]), (None, [])])
def test_boxes_drawn_on_another_size_are_an_error(
    boxes: tuple[Box, ...] | None, expected: list[str], picture: Picture
) -> None:
    entry = check_image(Entry("a.png", ("cat",), boxes, 640, 480), picture(320, 240))
    assert codes(entry) == expected
    assert not expected or "says 640x480 pixels, but the upright image has 320x240" in entry.problems[0].detail


def test_entries_are_checked_one_by_one(tmp_path: Path, picture: Picture) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    (tmp_path / "same.png").write_bytes(picture())
    (tmp_path / "other.png").write_bytes(picture(seed=1))
    unlabeled, broken = Entry("nothing.png"), Entry("x", problems=(problem("ERROR_NO_LABEL_ATTRIBUTES"),))
    entries = [
        *(Entry(name, ("cat",)) for name in ("a.png", "same.png", "other.png", "missing.png")),
        unlabeled,
        broken,
    ]
    seen: list[tuple[int, int]] = []
    checked = check_images(entries, Folder(tmp_path), progress=lambda done, total: seen.append((done, total)))
    assert [codes(e) for e in checked.entries] == [
        [],
        [],
        [],
        ["ERROR_INVALID_IMAGE"],
        [],
        ["ERROR_NO_LABEL_ATTRIBUTES"],
    ]
    assert "missing.png: no such file" in checked.entries[3].problems[0].detail
    assert [e.source_ref for e in checked.usable] == ["a.png", "same.png", "other.png"]
    a, same, other = (checked.fingerprint(e) for e in checked.usable)
    assert a == same != other
    assert seen[-1] == (6, 6)


ODD_FILES = {
    "exif_orientation_3.jpg": None,
    "palette_png.png": None,
    "greyscale_jpeg.jpg": None,
    "png_data_named_jpg.jpg": None,
    "rgba_png.png": None,
    "over_4096px_png_named.jpg": "each side must have 64 to 4096",
    "gif_ants.gif": "not a JPEG or PNG",
    "truncated.jpg": "cut off or broken",
}


@pytest.mark.parametrize("name", ODD_FILES)
def test_real_odd_files(name: str, shared_data: Path) -> None:
    entry = check_images([Entry(name, ("ant",))], Folder(shared_data / "odd_files")).entries[0]
    words = ODD_FILES[name]
    assert codes(entry) == ([] if words is None else ["ERROR_INVALID_IMAGE"])
    assert words is None or words in entry.problems[0].detail
