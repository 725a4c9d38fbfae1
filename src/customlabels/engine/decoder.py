"""A decoder: a process that opens pictures for another one. Started as `python -P -m customlabels.engine.decoder FD`.

It has a limit of memory, writes no file, and knows neither the settings nor the database, so that a picture that gets
the better of an image library ends this process at most. It leaves when the other end of its lane is closed.
"""

from __future__ import annotations

import io
import json
import socket
import struct
import sys
from dataclasses import asdict, dataclass
from enum import IntEnum

from PIL import Image

from customlabels.engine.rlimits import limit_memory, write_nothing
from customlabels.engine.wire import receive, send
from customlabels.imaging.images import ImageError, Limits, decode, examine, read_header

_ORDER = struct.Struct("!II")  # bytes of the order as JSON, bytes of the image
_RESULT = struct.Struct("!BI")  # kind, bytes of the content


class Kind(IntEnum):
    """What a result is."""

    DONE = 0
    LARGE = 1
    """The image has more pixels than the order allows; nothing was decoded."""
    REFUSED = 2
    """The content is, as JSON, the reason and the text of an ImageError."""


@dataclass(frozen=True)
class Order:
    """What is asked of an image: its header, or, where a `side` is given, a JPEG whose longer side has at most that.

    Of a header that is asked for `whole`, the image can be decoded. For a JPEG, one of more than `pixels` is not.
    """

    limits: Limits | None
    side: int | None = None
    quality: int = 82
    pixels: int = 0
    whole: bool = False


@dataclass(frozen=True)
class Result:
    kind: Kind
    content: bytes


def send_order(lane: socket.socket, order: Order, image: bytes) -> None:
    """Raises OSError."""
    words = json.dumps(asdict(order)).encode()
    send(lane, _ORDER.pack(len(words), len(image)) + words, image)


def receive_result(lane: socket.socket) -> Result:
    """Raises OSError."""
    kind, size = _RESULT.unpack(receive(lane, _RESULT.size))
    return Result(Kind(kind), receive(lane, size))


def carry_out(order: Order, image: bytes) -> Result:
    """The header as JSON, or the JPEG, or what is wrong with the image."""
    try:
        header = (examine if order.whole else read_header)(image, order.limits)
        if order.side is None:
            return Result(Kind.DONE, json.dumps(asdict(header)).encode())
        if header.width * header.height > order.pixels:
            return Result(Kind.LARGE, b"")
        return Result(Kind.DONE, _jpeg(image, order))
    except MemoryError:
        words = "The image takes more memory than it may: reduce it."
        return Result(Kind.REFUSED, json.dumps(["dimension", words]).encode())
    except ImageError as error:
        return Result(Kind.REFUSED, json.dumps([error.reason, str(error)]).encode())


def _jpeg(image: bytes, order: Order) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(decode(image, order.limits, order.side)).save(buffer, "JPEG", quality=order.quality)
    return buffer.getvalue()


def main(descriptor: int, memory: int) -> None:
    """Carry out orders until the lane is closed."""
    limit_memory(memory)
    write_nothing()
    lane = socket.socket(fileno=descriptor)
    try:
        while True:
            size, length = _ORDER.unpack(receive(lane, _ORDER.size))
            words = json.loads(receive(lane, size))
            limits = None if words["limits"] is None else Limits(**words["limits"])
            result = carry_out(Order(**{**words, "limits": limits}), receive(lane, length))
            send(lane, _RESULT.pack(result.kind, len(result.content)), result.content)
    except OSError:  # closed
        return


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
