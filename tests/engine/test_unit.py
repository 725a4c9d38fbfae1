"""What an inference unit answers, image by image, and when its process ends."""

from __future__ import annotations

import io
import json
import resource
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import psutil
import pytest
from PIL import Image

from customlabels.engine.process import LoadError, UnitLost, UnitProcess
from customlabels.engine.unit import MEMORY, answer
from customlabels.engine.wire import Kind, Question
from customlabels.vision.model import Model

from .. import tiny
from .conftest import Until


def grey(width: int, height: int, mode: str = "L", format: str = "PNG") -> bytes:
    return tiny.encoded(Image.new(mode, (width, height)), format)


def png_claiming(width: int, height: int) -> bytes:
    """A small PNG whose header promises a large picture."""
    content = bytearray(grey(64, 64))
    content[16:24] = struct.pack("!II", width, height)
    content[29:33] = struct.pack("!I", zlib.crc32(content[12:29]))
    return bytes(content)


def broken_text_bomb() -> bytes:
    """A PNG with a text that unpacks to a hundred megabytes."""
    content = grey(96, 64)
    text = b"Comment\0\0" + zlib.compress(bytes(100_000_000), 9)
    chunk = struct.pack("!I", len(text)) + b"zTXt" + text + struct.pack("!I", zlib.crc32(b"zTXt" + text))
    return content[:33] + chunk + content[33:]


WHOLE = tiny.picture(90, 60, 30, size=(640, 480), format="JPEG")
REFUSED = {
    "empty": (b"", Kind.FORMAT),
    "text": (b"hello, world", Kind.FORMAT),
    "GIF": (grey(96, 64, "P", "GIF"), Kind.FORMAT),
    "WebP": (grey(96, 64, "RGB", "WEBP"), Kind.FORMAT),
    "BMP": (grey(96, 64, "RGB", "BMP"), Kind.FORMAT),
    "TIFF": (grey(96, 64, "RGB", "TIFF"), Kind.FORMAT),
    "cut off JPEG": (WHOLE[: len(WHOLE) // 2], Kind.FORMAT),
    "only a JPEG's head": (WHOLE[:20], Kind.FORMAT),
    "cut off PNG": (grey(640, 480)[:-60], Kind.FORMAT),
    "text bomb": (broken_text_bomb(), Kind.FORMAT),
    "side of 63": (grey(63, 200), Kind.SHAPE),
    "side of 4097": (grey(300, 4097), Kind.TOO_LARGE),
    "aspect 21:1": (grey(64, 64 * 21), Kind.SHAPE),
    "bomb": (png_claiming(60_000, 60_000), Kind.TOO_LARGE),
    "larger than Pillow opens": (png_claiming(2**31 - 1, 2**31 - 1), Kind.TOO_LARGE),
    "no pixels": (png_claiming(0, 0), Kind.FORMAT),
}


# checklist: I16, I18, L05
@pytest.mark.parametrize(("image", "kind"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_usable_image_is_refused_by_kind(classifier: Path, image: bytes, kind: Kind) -> None:
    found = answer(Model.load(classifier), Question(image))
    assert found.kind is kind
    assert found.content.decode()


# checklist: I16
@pytest.mark.parametrize(
    ("mode", "format"),
    [("L", "JPEG"), ("CMYK", "JPEG"), ("L", "PNG"), ("LA", "PNG"), ("P", "PNG"), ("RGBA", "PNG"), ("I;16", "PNG")],
)
def test_pictures_of_all_modes_are_answered(classifier: Path, mode: str, format: str) -> None:
    image = Image.new("RGB", (96, 64), "white")
    converted = Image.new("I;16", (96, 64), 65535) if mode == "I;16" else image.convert(mode)
    found = answer(Model.load(classifier), Question(tiny.encoded(converted, format), 90))
    assert {item["Name"] for item in json.loads(found.content)} == {"red", "green", "blue"}


# checklist: I08, I09
def test_the_answer_is_that_of_the_model(classifier: Path, detector: Path) -> None:
    for folder in (classifier, detector):
        model = Model.load(folder)
        for threshold, most in [(None, None), (0.0, None), (55.0, 1), (None, 0)]:
            found = answer(model, Question(WHOLE, threshold, most))
            assert json.loads(found.content) == [item.to_dict() for item in model.detect(WHOLE, threshold, most)]


# checklist: I19
def test_a_turned_photo_and_its_upright_copy_get_the_same_answer(detector: Path) -> None:
    upright = Image.new("RGB", (96, 64), (255, 0, 0))
    upright.paste((0, 0, 255), (48, 0, 96, 64))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    turned = tiny.encoded(upright.transpose(Image.Transpose.ROTATE_90), exif=exif)
    model = Model.load(detector)
    found = answer(model, Question(tiny.encoded(upright)))
    assert len(json.loads(found.content)) == 2
    assert answer(model, Question(turned)) == found


def test_a_failure_of_the_runtime_fails_the_request_only(classifier: Path, tmp_path: Path) -> None:
    model = Model.load(tiny.classifier(tmp_path / "model"))
    (tmp_path / "model" / "network.onnx").unlink()
    found = answer(model, Question(WHOLE))
    assert found.kind is Kind.FAILED
    assert b"network" in found.content


def test_serving_imports_no_torch() -> None:
    program = "import customlabels.engine.unit, sys; sys.exit(any(m in sys.modules for m in ('torch', 'sqlalchemy')))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_unit_answers_on_all_its_lanes_and_ends_when_they_are_closed(classifier: Path, until: Until) -> None:
    unit = UnitProcess(request_seconds=20)
    unit.load(classifier, threads=1)
    expected = answer(Model.load(classifier), Question(WHOLE, 0.0))
    for lane in unit.lanes:
        lane.send(Question(WHOLE, 0.0))
    assert [lane.receive() for lane in unit.lanes] == [expected, expected]
    for lane in unit.lanes:
        lane.close()
    until(lambda: not unit.alive())


def test_a_unit_has_a_limit_of_memory(classifier: Path) -> None:
    unit = UnitProcess(request_seconds=20)
    unit.load(classifier, threads=1)
    assert psutil.Process(unit.pid).rlimit(resource.RLIMIT_DATA) == (MEMORY, MEMORY)
    unit.discard()


def test_a_unit_without_a_model_ends_when_the_server_does(until: Until) -> None:
    unit = UnitProcess(request_seconds=20)
    for lane in unit.lanes:
        lane.close()
    until(lambda: not unit.alive())


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "network.onnx").write_bytes(b"no network"), "network"),
        (lambda folder: (folder / "network.onnx").unlink(), "holds no network"),
        (lambda folder: (folder / "model.json").unlink(), "no model.json"),
    ],
    ids=["damaged", "no network", "no model"],
)
def test_a_model_that_cannot_be_loaded_is_an_error_with_its_reason(
    tmp_path: Path, damage: object, message: str
) -> None:
    assert callable(damage)
    damage(tiny.classifier(tmp_path))
    unit = UnitProcess(request_seconds=20)
    with pytest.raises(LoadError, match=message):
        unit.load(tmp_path, threads=1)
    unit.discard()


def test_a_unit_that_is_killed_is_lost(classifier: Path) -> None:
    unit = UnitProcess(request_seconds=20)
    unit.kill()
    with pytest.raises(UnitLost):
        unit.load(classifier, threads=1)
    unit.discard()


def test_pictures_of_the_largest_size_are_answered(classifier: Path) -> None:
    stream = io.BytesIO()
    Image.new("RGBA", (4096, 4096), (255, 0, 0, 255)).save(stream, "PNG", compress_level=1)
    found = answer(Model.load(classifier), Question(stream.getvalue()))
    assert [item["Name"] for item in json.loads(found.content)] == ["red"]
