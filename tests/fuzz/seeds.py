"""What bad files are made of: good ones of every kind that the server opens, and some that were made to harm it."""

from __future__ import annotations

import io
import json
import random
import struct
import zipfile
import zlib
from collections.abc import Mapping
from functools import cache

from PIL import Image

from .. import tiny

SIZE = (96, 64)
_BOX = {"image_id": 1, "category_id": 1, "bbox": [1, 1, 20, 20]}
_ABOUT = {
    "class-name": "a",
    "confidence": 1,
    "human-annotated": "yes",
    "creation-date": "2026-01-01T00:00:00",
    "type": "groundtruth/image-classification",
}
_VOC = """<annotation><filename>1.png</filename><size><width>96</width><height>64</height></size>
<object><name>{}</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>20</xmax><ymax>20</ymax></bndbox></object></annotation>
"""
_XML_BOMB = '<!DOCTYPE a [<!ENTITY b "laugh">' + "".join(
    f'<!ENTITY {chr(99 + i)} "{"&" + chr(98 + i) + ";"}{"&" + chr(98 + i) + ";" * 10}">' for i in range(9)
)
_YAML_BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 10))
_LONG = ("x" * 300 + ".png", "a/" * 300 + "1.png")
NAMES = ("../../1.png", "/etc/passwd", "a\\..\\..\\b.png", "C:/x.png", *_LONG, " ", "..")
"""That files of an archive, or images of an annotation, are given."""


def noise(mode: str = "RGB", size: tuple[int, int] = SIZE) -> Image.Image:
    chance = random.Random(mode)
    if mode == "I;16":
        return Image.frombytes(mode, size, chance.randbytes(2 * size[0] * size[1]))
    return Image.frombytes("RGB", size, chance.randbytes(3 * size[0] * size[1])).convert(mode)


@cache
def pictures() -> tuple[bytes, ...]:
    """Good pictures of every kind, a few kilobytes each, and small bombs."""
    modes = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
    found = [tiny.encoded(noise(mode)) for mode in modes]
    found += [tiny.encoded(noise(mode), "JPEG") for mode in ("L", "RGB", "CMYK")]
    exif = Image.Exif()
    exif[0x0112] = 6
    found.append(tiny.encoded(noise(), "JPEG", progressive=True, exif=exif.tobytes(), quality=60))
    found.append(tiny.encoded(noise(), "JPEG", subsampling=2, restart_marker_blocks=1))
    found.append(tiny.encoded(noise(), "PNG", exif=exif.tobytes()))
    found += [tiny.encoded(noise(), format) for format in ("GIF", "TIFF", "WEBP", "BMP", "ICO", "PPM")]
    found.append(tiny.encoded(Image.new("1", (4096, 4096))))  # two kilobytes
    found.append(_with_chunk(found[4], b"iTXt", b"k\0\1\0\0\0" + zlib.compress(bytes(4 << 20))))
    found.append(_with_chunk(found[4], b"iCCP", b"k\0\0" + zlib.compress(bytes(4 << 20))))
    return tuple(found)


@cache
def archives() -> tuple[Mapping[str, bytes], ...]:
    """The files of good data sets in each of the formats, and of some that are meant to harm."""
    images = {f"{n}.png": tiny.encoded(noise("L", (64, 64 + n))) for n in (1, 2)}
    coco = {
        "images": [{"id": n, "file_name": f"{n}.png", "width": 64, "height": 64 + n} for n in (1, 2)],
        "categories": [{"id": 1, "name": "a"}],
        "annotations": [{"id": n, **_BOX} for n in (1, 2)],
    }
    bad_coco = {**coco, "images": [{"id": n, "file_name": name} for n, name in enumerate(NAMES, 1)]}
    line = json.dumps({"source-ref": "1.png", "label": 1, "label-metadata": _ABOUT})
    yolo = {"images/train/1.png": images["1.png"], "labels/train/1.txt": b"0 0.5 0.5 0.2 0.2\n"}
    return (
        {f"{label}/{name}": content for label in "ab" for name, content in images.items()},
        {**images, "annotations.json": json.dumps(coco).encode()},
        {**images, "annotations.json": json.dumps(bad_coco).encode()},
        {**images, "annotations.json": b"[" * 100_000},
        {**images, "1.xml": _VOC.format("a").encode()},
        {**images, "1.xml": f"{_XML_BOMB}]>{_VOC.format('&k;')}".encode()},
        {**yolo, "data.yaml": b"train: images/train\nnames: [a]\n"},
        {**yolo, "data.yaml": f"{_YAML_BOMB}train: ../../../etc\nnames: *a9\n".encode()},
        {**yolo, "data.yaml": b"train: images/train\nnames: !!python/object/apply:os.system [id]\n"},
        {**images, "labels.csv": b"1.png,a\n2.png,b\n../../etc/passwd,a\n"},
        {**images, "train.manifest": f"{line}\n{line.replace('1.png', '../2.png')}\n".encode()},
        dict.fromkeys(NAMES, images["1.png"]),
    )


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


@cache
def manifests(bucket: str) -> tuple[bytes, ...]:
    """A good manifest of image labels, one of boxes, and lines that are meant to harm."""
    line = {"source-ref": f"s3://{bucket}/1.png", "label": 1, "label-metadata": _ABOUT}
    boxes = {
        "source-ref": f"s3://{bucket}/1.png",
        "box": {
            "image_size": [{"width": 96, "height": 64, "depth": 3}],
            "annotations": [{"class_id": 0, "left": 1, "top": 1, "width": 20, "height": 20}],
        },
        "box-metadata": {
            **{name: value for name, value in _ABOUT.items() if name not in ("class-name", "confidence", "type")},
            "objects": [{"confidence": 1}],
            "class-map": {"0": "a"},
            "type": "groundtruth/object-detection",
        },
    }
    refs = (
        "s3://../../etc/passwd",
        "http://169.254.169.254/x.png",
        "file:///etc/passwd",
        f"s3://{bucket}/../x",
        "s3://",
    )
    bad = "".join(json.dumps({**line, "source-ref": ref}) + "\n" for ref in refs)
    return (
        json.dumps(line).encode() * 2,
        (json.dumps(line) + "\n" + json.dumps(boxes) + "\n").encode(),
        bad.encode(),
        b'{"source-ref": ' + b"[" * 50_000 + b"\n",
        b'{"source-ref": 1' + b"0" * 5000 + b"}\n",
        b'{"source-ref": "\\ud800"}\n{"source-ref": "a\\u0000b"}\n{"source-ref": NaN}\n',
        zlib.compress(bytes(1 << 20)),
    )


def _with_chunk(png: bytes, kind: bytes, data: bytes) -> bytes:
    chunk = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return png[:33] + chunk + png[33:]
