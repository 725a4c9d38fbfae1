"""Large objects go through the server without being in its memory."""

from __future__ import annotations

import hashlib
import http.client
import subprocess
import sys
import zlib
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

MIB = 1 << 20
SIZE = 96 * MIB
ALLOWED = 24 * MIB


def content() -> Iterator[bytes]:
    for number in range(SIZE // MIB):
        yield number.to_bytes(4, "big") * (MIB // 4)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell the most memory that a process has had")
def test_an_object_needs_no_memory_of_its_size(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.api.s3.measured", str(tmp_path)]
    root = Path(__file__).parents[3]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        port = int(server.stdout.readline())

        def most_memory() -> int:
            assert server.stdin is not None
            assert server.stdout is not None
            print(file=server.stdin, flush=True)
            return int(server.stdout.readline()) * 1024

        with closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
            connection.request("PUT", "/photos/small", body=bytes(4 * MIB))
            assert connection.getresponse().read() == b""
            connection.request("GET", "/photos/small")
            assert len(connection.getresponse().read()) == 4 * MIB
            before = most_memory()

            crc, sha256 = 0, hashlib.sha256()
            for block in content():
                crc = zlib.crc32(block, crc)
                sha256.update(block)
            checksum = b64encode(crc.to_bytes(4, "big")).decode()
            headers = {
                "content-length": str(SIZE),
                "x-amz-checksum-crc32": checksum,
                "x-amz-content-sha256": sha256.hexdigest(),
            }
            connection.request("PUT", "/photos/large", body=content(), headers=headers)
            answer = connection.getresponse()
            assert (answer.read(), answer.headers["x-amz-checksum-crc32"]) == (b"", checksum)
            connection.request(
                "PUT", "/photos/copy", headers={"x-amz-copy-source": "photos/large", "content-length": "0"}
            )
            assert b"<ETag>" in connection.getresponse().read()
            connection.request("GET", "/photos/copy")
            got, answer = hashlib.sha256(), connection.getresponse()
            while block := answer.read(MIB):
                got.update(block)
            assert got.digest() == sha256.digest()
            assert most_memory() - before < ALLOWED
        server.stdin.close()
