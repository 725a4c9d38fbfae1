"""Example sets: photos found and checked, or pictures made where there is no network."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from customlabels.examples.digits import LABELS, TEST, TRAIN, digits_folder, draw
from customlabels.examples.download import DownloadError, fetch
from customlabels.examples.photos import PUPPIES, PhotosMissing, checksums, find_photos

CONTENT = bytes(range(256)) * 600
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Server:
    """A file server on the loopback address whose replies can be made to go wrong."""

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    cut_after: list[int | None] = field(default_factory=list)
    """Bytes after which the first, second... reply stops; a reply beyond the list is whole."""
    statuses: list[int] = field(default_factory=list)
    """Statuses of the first replies."""
    ranges: bool = True
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """Paths and Range headers of the requests."""


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers["Range"]
            state.asked.append((self.path, wanted))
            if state.statuses:
                self.send_error(state.statuses.pop(0))
                return
            content = state.files.get(self.path.strip("/"))
            if content is None:
                self.send_error(404)
                return
            start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and state.ranges else 0
            if start and start >= len(content):
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            end = state.cut_after.pop(0) if state.cut_after else None
            self.wfile.write(content[start:][:end])

        def log_message(self, format: str, *args: object) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    state.address = f"http://127.0.0.1:{httpd.server_port}"
    yield state
    httpd.shutdown()
    thread.join()
    httpd.server_close()


def test_a_file_arrives_whole(server: Server, tmp_path: Path) -> None:
    server.files["photo.jpg"] = CONTENT
    fetch(f"{server.address}/photo.jpg", tmp_path / "new" / "photo.jpg", SHA256)
    assert (tmp_path / "new" / "photo.jpg").read_bytes() == CONTENT
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["photo.jpg"]


def test_a_reply_that_stops_early_is_resumed(server: Server, tmp_path: Path) -> None:
    server.files["photo.jpg"] = CONTENT
    server.cut_after = [1000, 5000]
    fetch(f"{server.address}/photo.jpg", tmp_path / "photo.jpg", SHA256, pause=0)
    assert (tmp_path / "photo.jpg").read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == [None, "bytes=1000-", "bytes=6000-"]


def test_a_later_call_goes_on_where_the_first_was_cut_off(server: Server, tmp_path: Path) -> None:
    server.files["photo.jpg"] = CONTENT
    server.cut_after = [700]
    with pytest.raises(DownloadError, match="stopped after 700 of 153600 bytes"):
        fetch(f"{server.address}/photo.jpg", tmp_path / "photo.jpg", SHA256, attempts=1)
    assert not (tmp_path / "photo.jpg").exists()
    fetch(f"{server.address}/photo.jpg", tmp_path / "photo.jpg", SHA256, attempts=1)
    assert (tmp_path / "photo.jpg").read_bytes() == CONTENT
    assert server.asked[-1][1] == "bytes=700-"


def test_a_server_that_cannot_resume_sends_it_all_again(server: Server, tmp_path: Path) -> None:
    server.files["photo.jpg"] = CONTENT
    server.cut_after = [700]
    server.ranges = False
    fetch(f"{server.address}/photo.jpg", tmp_path / "photo.jpg", SHA256, pause=0)
    assert (tmp_path / "photo.jpg").read_bytes() == CONTENT


@pytest.mark.parametrize(
    "left", [b"something else", CONTENT[:-1] + b"x", CONTENT + b"more"], ids=["other", "spoilt", "longer"]
)
def test_a_bad_rest_of_an_earlier_download_is_thrown_away(server: Server, tmp_path: Path, left: bytes) -> None:
    server.files["photo.jpg"] = CONTENT
    (tmp_path / "photo.jpg.part").write_bytes(left)
    fetch(f"{server.address}/photo.jpg", tmp_path / "photo.jpg", SHA256, pause=0)
    assert (tmp_path / "photo.jpg").read_bytes() == CONTENT


def test_wrong_content_is_refused_and_not_kept(server: Server, tmp_path: Path) -> None:
    server.files["photo.jpg"] = b"not the photo"
    with pytest.raises(DownloadError, match=f"expected {SHA256}"):
        fetch(f"{server.address}/photo.jpg", tmp_path / "photo.jpg", SHA256, pause=0)
    assert list(tmp_path.iterdir()) == []
    assert len(server.asked) == 1


def test_a_missing_file_is_asked_for_once(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="404 Not Found"):
        fetch(f"{server.address}/photo.jpg", tmp_path / "photo.jpg", SHA256, pause=0)
    assert len(server.asked) == 1


def test_a_busy_server_is_asked_again(server: Server, tmp_path: Path) -> None:
    server.files["photo.jpg"] = CONTENT
    server.statuses = [503, 429]
    fetch(f"{server.address}/photo.jpg", tmp_path / "photo.jpg", SHA256, pause=0)
    assert len(server.asked) == 3


def test_a_server_that_stays_busy_is_given_up(server: Server, tmp_path: Path) -> None:
    server.statuses = [503] * 9
    with pytest.raises(DownloadError, match="503"):
        fetch(f"{server.address}/photo.jpg", tmp_path / "photo.jpg", SHA256, pause=0)
    assert len(server.asked) == 3


def test_no_connection_is_said(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"refused.*after 3 attempts"):
        fetch("http://127.0.0.1:9/photo.jpg", tmp_path / "photo.jpg", SHA256, pause=0)


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Server) -> tuple[Path, Path]:
    """An examples folder and a cache of this test's own, both empty; downloads come from the loopback server."""
    examples, cache = tmp_path / "examples", tmp_path / "cache"
    monkeypatch.setenv("CUSTOMLABELS_EXAMPLES", str(examples))
    monkeypatch.setenv("CUSTOMLABELS_CACHE", str(cache))
    monkeypatch.setenv("CUSTOMLABELS_EXAMPLES_URL", server.address)
    return examples, cache


EXPECTED = {"a.jpg": SHA256, "b.jpg": hashlib.sha256(b"b").hexdigest()}


def _fill(folder: Path) -> None:
    images = folder / "puppies" / "images"
    images.mkdir(parents=True)
    (images / "a.jpg").write_bytes(CONTENT)
    (images / "b.jpg").write_bytes(b"b")


def test_the_named_folder_comes_first(places: tuple[Path, Path], server: Server) -> None:
    examples, cache = places
    _fill(examples)
    _fill(cache / "examples")
    photos = find_photos(PUPPIES, EXPECTED)
    assert photos.folder == examples / "puppies"
    assert "CUSTOMLABELS_EXAMPLES" in photos.source
    assert server.asked == []


def test_then_the_cache(places: tuple[Path, Path], server: Server) -> None:
    examples, cache = places
    _fill(examples)
    (examples / "puppies" / "images" / "b.jpg").write_bytes(b"another picture")
    _fill(cache / "examples")
    assert find_photos(PUPPIES, EXPECTED).folder == cache / "examples" / "puppies"
    assert server.asked == []


def test_then_a_download_of_what_the_cache_lacks(places: tuple[Path, Path], server: Server) -> None:
    _, cache = places
    _fill(cache / "examples")
    (cache / "examples" / "puppies" / "images" / "a.jpg").unlink()
    server.files = {"a.jpg": CONTENT, "b.jpg": b"b"}
    told: list[tuple[int, int]] = []
    photos = find_photos(PUPPIES, EXPECTED, lambda done, of: told.append((done, of)))
    assert photos.folder == cache / "examples" / "puppies"
    assert "jacobcantwell/aws-educate at 0879f06" in photos.source
    assert [path for path, _ in server.asked] == ["/a.jpg"]
    assert told == [(1, 2), (2, 2)]
    assert find_photos(PUPPIES, EXPECTED).source.endswith("(the cache)")


def test_photos_that_are_nowhere_are_missing_with_every_reason(places: tuple[Path, Path]) -> None:
    examples, _ = places
    with pytest.raises(PhotosMissing) as caught:
        find_photos(PUPPIES, EXPECTED)
    assert f"{examples / 'puppies' / 'images' / 'a.jpg'} is missing" in str(caught.value)
    assert "404" in str(caught.value)


def test_the_shipped_checksums_name_the_photos_of_the_manifests() -> None:
    names = checksums(PUPPIES.data / "SHA256SUMS")
    assert len(names) == 30
    for file, count in (("train.manifest", 24), ("test.manifest", 6)):
        lines = (PUPPIES.data / file).read_text().splitlines()
        assert len(lines) == count
        assert all(sum(f'"images/{name}"' in line for name in names) == 1 for line in lines)


@pytest.mark.parametrize("text", ["abc  a.jpg\n", f"{SHA256} a.jpg\n", f"{SHA256}  ../a.jpg\n"])
def test_checksums_in_another_format_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "SHA256SUMS").write_text(text)
    with pytest.raises(ValueError, match="not a line of sha256sum"):
        checksums(tmp_path / "SHA256SUMS")


def test_made_pictures_hold_every_label_and_their_boxes_fit() -> None:
    pictures = draw(10)
    assert {box.label for picture in pictures for box in picture.boxes} == set(LABELS)
    for picture in pictures:
        assert picture.image.size == (480, 360)
        assert 1 <= len(picture.boxes) <= 3
        for box in picture.boxes:
            x0, y0, x1, y1 = box.corners
            assert 0 <= x0 < x1 <= 480
            assert 0 <= y0 < y1 <= 360


def test_made_pictures_are_the_same_for_the_same_seed() -> None:
    first, again, other = draw(2, seed=1), draw(2, seed=1), draw(2, seed=2)
    assert first[1].image.tobytes() == again[1].image.tobytes()
    assert first[1].boxes == again[1].boxes
    assert first[1].image.tobytes() != other[1].image.tobytes()


def test_the_made_set_is_drawn_once(tmp_path: Path) -> None:
    folder = digits_folder(tmp_path)
    assert len((folder / "train.manifest").read_text().splitlines()) == TRAIN
    assert len((folder / "test.manifest").read_text().splitlines()) == TEST
    assert len(list((folder / "images").iterdir())) == TRAIN + TEST
    (folder / "images" / "00.jpg").write_bytes(b"mine")
    assert (digits_folder(tmp_path) / "images" / "00.jpg").read_bytes() == b"mine"
