"""Pictures are opened by processes of their own, which a picture may end, and nothing else."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
from collections.abc import Iterator

import psutil
import pytest
from PIL import Image

from customlabels.engine import decoders as pool
from customlabels.engine.decoders import Decoders, DecodersBusy
from customlabels.imaging.images import ImageError, Limits
from customlabels.service.labelling.thumbnails import SHOWN

from .. import tiny
from .conftest import Until
from .slow_picture import slow_picture

GOOD = tiny.picture(200, 10, 10, (400, 200))


_of_others: set[int] = set()


@pytest.fixture(autouse=True)
def without_those_of_others() -> None:
    """Services that other tests share may have decoders, too."""
    _of_others.clear()
    _of_others.update(process.pid for process in working())


@pytest.fixture
def decoders() -> Iterator[Decoders]:
    opened = Decoders()
    yield opened
    opened.close()


def small(decoders: Decoders, content: bytes, side: int = 100) -> Image.Image:
    return Image.open(io.BytesIO(decoders.small(content, SHOWN, side, 82)))


def working() -> list[psutil.Process]:
    """The decoders that a test has started in this process."""
    children = [child for child in psutil.Process().children() if child.pid not in _of_others]
    return [child for child in children if "customlabels.engine.decoder" in child.cmdline()]


def test_a_picture_is_made_small_by_another_process(decoders: Decoders) -> None:
    image = small(decoders, GOOD)
    assert (image.format, image.size) == ("JPEG", (100, 50))
    assert decoders.header(GOOD, None).width == decoders.examine(GOOD, None).width == 400
    (process,) = decoders.processes()
    assert [child.pid for child in working()] == [process]


@pytest.mark.parametrize(
    ("content", "reason", "words"),
    [
        (b"GIF89a", "format", "not a JPEG or PNG"),
        (GOOD[:-30], "format", "cut off or broken"),
        (tiny.picture(1, size=(4097, 300)), "dimension", "64 to 4096"),
    ],
)
def test_what_is_wrong_with_a_picture_is_told_as_it_is_here(
    decoders: Decoders, content: bytes, reason: str, words: str
) -> None:
    for ask in (lambda: decoders.small(content, Limits(), 100, 82), lambda: decoders.examine(content, Limits())):
        with pytest.raises(ImageError, match=words) as caught:
            ask()
        assert caught.value.reason == reason
    assert small(decoders, GOOD).width == 100
    assert len(working()) == 1


def test_a_picture_that_takes_too_long_is_given_up_with_its_process() -> None:
    decoders = Decoders(seconds=1.0)
    with pytest.raises(ImageError, match="more than 1 seconds"):
        small(decoders, slow_picture())
    assert not working()
    decoders.close()


def test_a_picture_that_takes_too_much_memory_fails_and_harms_no_other() -> None:
    stream = io.BytesIO()
    Image.new("RGBA", (5000, 4900), "red").save(stream, "PNG", compress_level=1)
    generous, frugal = Decoders(), Decoders(memory=250 << 20)
    assert small(generous, stream.getvalue()).width == 100
    with pytest.raises(ImageError, match="memory"):
        small(frugal, stream.getvalue())
    assert small(frugal, GOOD).width == 100
    generous.close()
    frugal.close()


def test_a_picture_that_ends_its_process_fails_and_harms_no_other(decoders: Decoders, until: Until) -> None:
    failed: list[ImageError] = []

    def ask() -> None:
        try:
            small(decoders, slow_picture())
        except ImageError as error:
            failed.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    until(lambda: working() and working()[0].cpu_times().user > 0.5)
    working()[0].kill()
    thread.join()
    assert "ended over this image" in str(failed[0])
    assert small(decoders, GOOD).width == 100


def test_a_process_that_ended_while_it_waited_is_replaced(decoders: Decoders) -> None:
    small(decoders, GOOD)
    (process,) = working()
    process.kill()
    process.wait()
    assert small(decoders, GOOD).width == 100


@pytest.mark.parametrize("processes", [1, 2], ids=["one at a time", "one large one at a time"])
def test_so_many_processes_and_no_more(monkeypatch: pytest.MonkeyPatch, until: Until, processes: int) -> None:
    monkeypatch.setattr(pool, "WAIT_SECONDS", 0.1)
    decoders = Decoders(processes, seconds=120.0)
    large = tiny.encoded(Image.new("1", (6000, 6000)))

    def ask() -> None:
        with pytest.raises(ImageError):
            small(decoders, slow_picture())

    thread = threading.Thread(target=ask)
    thread.start()
    until(lambda: working() and working()[0].cpu_times().user > 0.5)
    with pytest.raises(DecodersBusy):
        small(decoders, large)
    if processes > 1:
        assert small(decoders, GOOD).width == 100
    for process in working():
        process.kill()
    thread.join()
    assert small(decoders, GOOD).width == 100
    decoders.close()


def test_closed_decoders_leave_no_process(decoders: Decoders) -> None:
    small(decoders, GOOD)
    assert working()
    decoders.close()
    assert not working()


def test_a_decoder_leaves_when_its_lane_is_closed(decoders: Decoders, until: Until) -> None:
    program = (
        "import sys; from customlabels.engine.decoders import Decoders; opened = Decoders();"
        "opened.header(sys.stdin.buffer.read(), None); print(*opened.processes(), flush=True);"
        "import os; os._exit(0)"
    )
    done = subprocess.run([sys.executable, "-c", program], input=GOOD, capture_output=True, check=True)
    until(lambda: not psutil.pid_exists(int(done.stdout)))


def test_a_decoder_imports_little() -> None:
    program = (
        "import customlabels.engine.decoder, sys;"
        "sys.exit(any(m in sys.modules for m in ('torch', 'sqlalchemy', 'openvino', 'starlette', 'boto3')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
