"""Every kind of JPEG and PNG becomes upright RGB, and everything else is refused with a reason."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from customlabels.imaging.boxes import Letterbox, as_boxes
from customlabels.imaging.images import MOST_SCANS, PADDING, Header, ImageError, Limits, decode, letterbox, read_header

Picture = Callable[..., bytes]
NO_LIMITS = None


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that says how large it is, and has no pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


# Left half dark, right half light, top row marked: what is where can be told after turning.
DARK, LIGHT = 40, 200
HALVES = np.full((70, 100, 3), LIGHT, np.uint8)
HALVES[:, :50] = DARK
ALPHA = np.full((70, 100), 255, np.uint8)
ALPHA[:, :50] = 0


def halves(mode: str) -> Image.Image:
    return Image.fromarray(HALVES).convert(mode)


def transparent_palette() -> bytes:
    image = Image.fromarray(HALVES).quantize(4)
    dark = image.getpixel((10, 10))
    return encoded(image, "PNG", transparency=dark)


GREY_16 = Image.fromarray((HALVES[:, :, 0].astype(np.uint16)) * 257)

KINDS = {
    "rgb jpeg": (encoded(halves("RGB"), "JPEG", quality=95), DARK),
    "progressive jpeg": (encoded(halves("RGB"), "JPEG", quality=95, progressive=True), DARK),
    "grey jpeg": (encoded(halves("L"), "JPEG", quality=95), DARK),
    "cmyk jpeg": (encoded(halves("CMYK"), "JPEG", quality=95), DARK),
    "rgb png": (encoded(halves("RGB"), "PNG"), DARK),
    "grey png": (encoded(halves("L"), "PNG"), DARK),
    "one bit png": (encoded(halves("1"), "PNG"), None),
    "16 bit grey png": (encoded(GREY_16, "PNG"), DARK),
    "palette png": (encoded(halves("RGB").quantize(8), "PNG"), DARK),
    "palette png with transparency": (transparent_palette(), 255),
    "grey png with alpha": (encoded(Image.merge("LA", [halves("L"), Image.fromarray(ALPHA)]), "PNG"), 255),
    "rgba png": (encoded(Image.merge("RGBA", [*halves("RGB").split(), Image.fromarray(ALPHA)]), "PNG"), 255),
    "interlaced png": (encoded(halves("RGB"), "PNG", interlace=1), DARK),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_jpeg_and_png_becomes_rgb_over_white(kind: str) -> None:
    data, left = KINDS[kind]
    pixels = decode(data)
    assert pixels.shape == (70, 100, 3)
    assert pixels.dtype == np.uint8
    if left is not None:
        assert np.abs(pixels[:, :45].astype(int) - left).max() <= 12
        assert np.abs(pixels[:, 55:].astype(int) - LIGHT).max() <= 12


# For each EXIF orientation: where the stored image's first row and first column are seen.
ORIENTATIONS = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_images_are_turned_upright(orientation: int, format: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = HALVES.copy()
    stored[:20] = 120  # tells up from down
    options = {"quality": 95, "subsampling": 0} if format == "JPEG" else {}
    data = encoded(Image.fromarray(stored), format, exif=exif, **options)
    upright = ORIENTATIONS[orientation](stored)
    header = read_header(data)
    assert (header.height, header.width) == upright.shape[:2]
    assert header.sideways == (orientation >= 5)
    pixels = decode(data)
    assert pixels.shape == upright.shape
    assert np.abs(pixels.astype(int) - upright).mean() < 4
    small = decode(data, longest_side=50)
    assert (small.shape[1] > small.shape[0]) == (upright.shape[1] > upright.shape[0])


@pytest.mark.parametrize("value", [0, 9, 255])
def test_an_unknown_orientation_means_upright(value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    header = read_header(encoded(halves("RGB"), "JPEG", exif=exif))
    assert header == Header("JPEG", 100, 70, sideways=False)


@pytest.mark.parametrize(
    ("make", "reason", "words"),
    [
        (lambda: encoded(halves("RGB"), "GIF"), "format", "not a JPEG or PNG"),
        (lambda: encoded(halves("RGB"), "WEBP"), "format", "not a JPEG or PNG"),
        (lambda: encoded(halves("RGB"), "BMP"), "format", "not a JPEG or PNG"),
        (lambda: b"just some words", "format", "not a JPEG or PNG"),
        (lambda: b"", "format", "not a JPEG or PNG"),
        (lambda: encoded(halves("RGB"), "JPEG")[:20], "format", "broken|not a"),
        (lambda: encoded(halves("RGB"), "PNG")[:20], "format", "broken|not a"),
        (lambda: png_header(5000, 100), "dimension", "5000x100"),
        (lambda: png_header(100_000, 100_000), "dimension", "too large"),  # a bomb: 30 GB when decoded
        (lambda: png_header(63, 100), "dimension", "63x100"),
        (lambda: png_header(2000, 99), "dimension", "20 times"),
        (lambda: encoded(halves("RGB"), "PNG") + bytes(15 * 1024 * 1024), "bytes", "15,728,640"),
    ],
)
def test_the_header_tells_what_cannot_be_used(make: Callable[[], bytes], reason: str, words: str) -> None:
    with pytest.raises(ImageError, match=words) as caught:
        read_header(make())
    assert caught.value.reason == reason


@pytest.mark.parametrize(("width", "height"), [(64, 64), (4096, 4096), (2000, 100), (100, 2000), (4096, 205)])
def test_sizes_at_the_limit_are_fine(width: int, height: int) -> None:
    assert read_header(png_header(width, height)) == Header("PNG", width, height, sideways=False)


def test_limits_can_be_lifted_and_set(picture: Picture) -> None:
    tiny = picture(8, 8)
    assert decode(tiny, NO_LIMITS).shape == (8, 8, 3)
    assert read_header(tiny, Limits(min_side=8)).width == 8
    with pytest.raises(ImageError, match="at most 10 are allowed"):
        read_header(tiny, Limits(bytes=10))


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("longest_side", [None, 64])
def test_data_that_is_cut_off_is_refused(format: str, share: float, longest_side: int | None, picture: Picture) -> None:
    whole = picture(400, 300, format)
    with pytest.raises(ImageError, match=r"cut off or broken|header is broken|not a JPEG or PNG") as caught:
        decode(whole[: int(len(whole) * share)], longest_side=longest_side)
    assert caught.value.reason == "format"


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_an_image_is_scaled_down_and_never_up(format: str, picture: Picture) -> None:
    data = picture(800, 600, format)
    assert decode(data, longest_side=200).shape == (150, 200, 3)
    assert decode(data, longest_side=1000).shape == (600, 800, 3)
    full = np.asarray(Image.fromarray(decode(data)).resize((200, 150), Image.Resampling.BOX), dtype=int)
    assert np.abs(decode(data, longest_side=200) - full).mean() < 4


def test_a_letterboxed_image_lies_where_its_placement_says(picture: Picture) -> None:
    pixels = np.zeros((60, 100, 3), np.uint8)
    canvas, placement = letterbox(pixels, (200, 200))
    assert canvas.shape == (200, 200, 3)
    assert placement == Letterbox(2.0, 0, 40)
    x0, y0, x1, y1 = placement.apply(as_boxes([(0, 0, 100, 60)]))[0].astype(int)
    assert (canvas[y0:y1, x0:x1] == 0).all()
    assert (canvas[:y0] == PADDING).all()
    assert (canvas[y1:] == PADDING).all()


@given(st.integers(1, 300), st.integers(1, 300), st.integers(16, 120), st.integers(16, 120))
def test_any_image_fits_any_frame(width: int, height: int, frame_height: int, frame_width: int) -> None:
    canvas, placement = letterbox(np.zeros((height, width, 3), np.uint8), (frame_height, frame_width))
    assert canvas.shape == (frame_height, frame_width, 3)
    assert (canvas == 0).any()
    whole = placement.apply(as_boxes([(0, 0, width, height)]))[0]
    assert whole.min() >= -1
    assert whole[2] <= frame_width + 1
    assert whole[3] <= frame_height + 1


BROKEN = [
    encoded(halves("RGB"), "JPEG", exif=Image.Exif()),
    encoded(halves("RGB"), "PNG"),
    encoded(halves("RGB").quantize(8), "PNG"),
]
with_exif = Image.Exif()
with_exif[0x0112] = 6
with_exif[0x010F] = "a camera"
BROKEN.append(encoded(halves("RGB"), "JPEG", exif=with_exif))


@given(
    st.sampled_from(BROKEN),
    st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), min_size=1, max_size=8),
    st.integers(0, 400),
)
def test_broken_data_gives_pixels_or_an_image_error_and_nothing_else(
    data: bytes, changes: list[tuple[int, int]], cut: int
) -> None:
    broken = bytearray(data)
    for position, value in changes:
        broken[position % len(broken)] = value
    damaged = bytes(broken[: len(broken) - cut])
    try:
        header = read_header(damaged)
        pixels = decode(damaged)
    except ImageError:
        return
    assert pixels.shape == (header.height, header.width, 3)


@given(st.binary(max_size=200), st.sampled_from([b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n"]))
def test_noise_is_refused(noise: bytes, start: bytes) -> None:
    with pytest.raises(ImageError):
        decode(start + noise)


ODD_FILES = {
    "exif_orientation_3.jpg": Header("JPEG", 1600, 900, sideways=False),
    "palette_png.png": Header("PNG", 640, 347, sideways=False),
    "greyscale_jpeg.jpg": Header("JPEG", 500, 347, sideways=False),
    "png_data_named_jpg.jpg": Header("PNG", 720, 720, sideways=False),
    "rgba_png.png": Header("PNG", 791, 564, sideways=False),
    "over_4096px_png_named.jpg": "dimension",
    "gif_ants.gif": "format",
    "truncated.jpg": "format",
}


def test_all_odd_files_are_in_the_table(shared_data: Path) -> None:
    assert {file.name for file in (shared_data / "odd_files").iterdir()} == set(ODD_FILES)


@pytest.mark.parametrize("name", ODD_FILES)
def test_real_odd_files(name: str, shared_data: Path) -> None:
    data = (shared_data / "odd_files" / name).read_bytes()
    expected = ODD_FILES[name]
    if isinstance(expected, Header):
        assert read_header(data) == expected
        assert decode(data, longest_side=128).shape[1] == 128
    else:
        with pytest.raises(ImageError) as caught:
            decode(data)
        assert caught.value.reason == expected


def test_a_png_over_the_limits_is_refused_without_decoding_a_pixel(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.BytesIO()
    Image.new("1", (5000, 5000)).save(stream, "PNG")

    def never(self: Image.Image) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", never)
    with pytest.raises(ImageError, match="each side must have 64 to 4096"):
        decode(stream.getvalue())


def test_the_header_of_a_png_is_read_without_decoding_a_pixel(monkeypatch: pytest.MonkeyPatch) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stream = io.BytesIO()
    Image.new("RGB", (100, 80)).save(stream, "PNG", exif=exif)

    def never(self: Image.Image) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", never)
    header = read_header(stream.getvalue())
    assert (header.width, header.height, header.sideways) == (80, 100, True)


def test_a_jpeg_of_more_scans_than_allowed_is_refused_before_they_are_decoded() -> None:
    """Each further scan costs few bytes and much time: without a limit a file of 4 MB takes minutes."""
    content = encoded(Image.new("L", (640, 480), 127), "JPEG", progressive=True)
    scan = content[content.rindex(b"\xff\xc4") : -2]
    scans = content.count(b"\xff\xda")
    allowed = content[:-2] + scan * (MOST_SCANS - scans) + content[-2:]
    assert (decode(allowed) == 127).all()
    with pytest.raises(ImageError, match="more than 500 scans"):
        decode(content[:-2] + scan * (MOST_SCANS - scans + 1) + content[-2:])
