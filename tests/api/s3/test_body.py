"""Bodies in aws-chunked: AWS's own examples, and everything that is wrong with others.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customlabels.api.s3.body import Body
from customlabels.api.s3.errors import S3Error
from customlabels.api.sigv4 import Signature

KEY = b"AWS4wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SCOPE = "20130524/us-east-1/s3/aws4_request"
CONTENT = b"a" * 65 * 1024
SIZE = {"x-amz-decoded-content-length": str(len(CONTENT)), "content-encoding": "aws-chunked"}
SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
UNSIGNED = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


def signing_key() -> bytes:
    key = KEY
    for part in SCOPE.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def signature(payload: str, seed: str = "") -> Signature:
    return Signature("AKIAIOSFODNN7EXAMPLE", "s3", "us-east-1", "20130524T000000Z", SCOPE, seed, signing_key(), payload)


def body(pieces: Iterable[bytes], payload: str, seed: str = "", **headers: str) -> Body:
    left = iter([piece for piece in pieces if piece])
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Body(lambda: next(left, b""), {**SIZE, **named}, signature(payload, seed))


def chunk(content: bytes, signature: str) -> bytes:
    return f"{len(content):x};chunk-signature={signature}\r\n".encode() + content


SEED = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
CHUNKS = [
    chunk(CONTENT[:65536], "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
    chunk(CONTENT[65536:], "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
    chunk(b"", "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
]
EXAMPLE = b"\r\n".join([*CHUNKS, b""])

TRAILER_SEED = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"
TRAILER_EXAMPLE = b"\r\n".join(
    [
        chunk(CONTENT[:65536], "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2"),
        chunk(CONTENT[65536:], "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7"),
        chunk(b"", "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992")
        + b"x-amz-checksum-crc32c:sOO8/Q==\n",
        b"x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435",
        b"",
        b"",
    ]
)


@pytest.mark.parametrize("size", [1, 7, 1000, 10**6])
def test_the_example_of_signed_chunks(size: int) -> None:
    pieces = [EXAMPLE[start : start + size] for start in range(0, len(EXAMPLE), size)]
    assert body(pieces, SIGNED, SEED).read(10**6) == CONTENT


def test_the_example_with_a_trailer() -> None:
    example = body([TRAILER_EXAMPLE], f"{SIGNED}-TRAILER", TRAILER_SEED, x_amz_trailer="x-amz-checksum-crc32c")
    assert example.read(10**6) == CONTENT
    assert example.checksum == ("crc32c", "sOO8/Q==")


def test_unsigned_chunks_with_a_trailer() -> None:
    encoded = b"5\r\n12345\r\n4;x=y\r\n6789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n".replace(b";x=y", b"")
    given_ = body([encoded], UNSIGNED, x_amz_decoded_content_length="9", x_amz_trailer="x-amz-checksum-crc32")
    assert given_.read(10) == b"123456789"
    assert given_.checksum == ("crc32", "y/Q5Jg==")


WRONG = [
    # what is wrong, the body, how it is signed, code
    ("another byte", EXAMPLE.replace(b"aaa", b"aba", 1), SIGNED, SEED, "SignatureDoesNotMatch"),
    ("another seed", EXAMPLE, SIGNED, SEED[::-1], "SignatureDoesNotMatch"),
    (
        "chunks in another order",
        b"\r\n".join([CHUNKS[1], CHUNKS[0], CHUNKS[2], b""]),
        SIGNED,
        SEED,
        "SignatureDoesNotMatch",
    ),
    ("no signature", b"10400\r\n" + CONTENT + b"\r\n0\r\n\r\n", SIGNED, SEED, "IncompleteBody"),
    ("no last chunk", EXAMPLE[: EXAMPLE.rindex(b"0;")], SIGNED, SEED, "IncompleteBody"),
    ("cut off", EXAMPLE[:50000], SIGNED, SEED, "IncompleteBody"),
    ("data follow", EXAMPLE + b"\r\n", SIGNED, SEED, None),
    ("more data follow", EXAMPLE + b"\r\nx", SIGNED, SEED, "IncompleteBody"),
    ("no size", b"zz\r\n", UNSIGNED, "", "IncompleteBody"),
    ("an endless line", b"1" * 10**6, UNSIGNED, "", "IncompleteBody"),
    ("an endless size", b"f" * 16 + b"\r\n" + CONTENT, UNSIGNED, "", "IncompleteBody"),
    ("shorter than declared", b"3\r\naaa\r\n0\r\n\r\n", UNSIGNED, "", "IncompleteBody"),
    ("longer than declared", b"10401\r\n" + CONTENT + b"a\r\n0\r\n\r\n", UNSIGNED, "", "IncompleteBody"),
    ("a chunk longer than it says", b"3\r\naaaa\r\n0\r\n\r\n", UNSIGNED, "", "IncompleteBody"),
    ("a trailer too long", b"0\r\n" + b"a:b\r\n" * 10**4 + b"\r\n", UNSIGNED, "", "MalformedTrailerError"),
]


@pytest.mark.parametrize(("what", "encoded", "payload", "seed", "code"), WRONG, ids=[row[0] for row in WRONG])
def test_what_can_be_wrong_with_a_body(what: str, encoded: bytes, payload: str, seed: str, code: str | None) -> None:
    given_ = body([encoded], payload, seed)
    if code is None:
        assert given_.read(10**6) == CONTENT
        return
    with pytest.raises(S3Error) as error:
        given_.read(10**6)
    assert error.value.code == code


TRAILERS = [
    ({}, b"", None),
    ({"x-amz-trailer": "x-amz-checksum-crc32"}, b"", "MalformedTrailerError"),
    ({"x-amz-trailer": "x-amz-checksum-crc32"}, b"x-amz-checksum-crc32:AAAAAA==\r\n", "BadDigest"),
    ({"x-amz-trailer": "x-amz-meta-late"}, b"x-amz-meta-late:1\r\n", "InvalidRequest"),
    ({"x-amz-trailer": "x-amz-checksum-md6"}, b"", "InvalidRequest"),
    ({"x-amz-trailer": "x-amz-checksum-sha1,x-amz-checksum-crc32"}, b"", "InvalidRequest"),
    ({"x-amz-decoded-content-length": "three"}, b"", "InvalidArgument"),
    ({"x-amz-decoded-content-length": str(10**13)}, b"", "EntityTooLarge"),
]


@pytest.mark.parametrize(("headers", "trailer", "code"), TRAILERS)
def test_what_can_be_wrong_with_a_trailer(headers: dict[str, str], trailer: bytes, code: str | None) -> None:
    encoded = b"3\r\naaa\r\n0\r\n" + trailer + b"\r\n"

    def read() -> bytes:
        left = iter([encoded])
        sent = {"x-amz-decoded-content-length": "3", **headers}
        return Body(lambda: next(left, b""), sent, signature(UNSIGNED)).read(10)

    if code is None:
        assert read() == b"aaa"
        return
    with pytest.raises(S3Error) as error:
        read()
    assert error.value.code == code


def test_a_body_may_have_a_limit() -> None:
    with pytest.raises(S3Error, match="at most 1,000 bytes"):
        body([EXAMPLE], SIGNED, SEED).read(1000)


@given(garbage=st.binary(max_size=200), cut=st.integers(0, len(TRAILER_EXAMPLE)))
def test_garbage_is_an_error_of_the_client(garbage: bytes, cut: int) -> None:
    for encoded in (garbage, TRAILER_EXAMPLE[:cut] + garbage, TRAILER_EXAMPLE[:cut]):
        damaged = body([encoded], f"{SIGNED}-TRAILER", TRAILER_SEED, x_amz_trailer="x-amz-checksum-crc32c")
        outcome: bytes | int
        try:
            outcome = damaged.read(10**6)
        except S3Error as error:
            outcome = error.status
        assert outcome in (CONTENT, 400, 403)
