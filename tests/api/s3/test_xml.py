"""XML that clients send, friendly or not."""

from __future__ import annotations

import pytest

from customlabels.api.s3.errors import S3Error
from customlabels.api.s3.xml import NAMESPACE, document, parse


def test_what_is_written_can_be_read() -> None:
    text = document("Root", [("A", [("B", '<&>"ü\n\r\t')]), ("A", 7), ('C d="e"', "")])
    root = parse(text, "Root")
    assert [child.name for child in root.children] == ["A", "A", "C"]
    assert root.all("A")[0].find("B") == '<&>"ü\n\r\t'
    assert (root.find("A"), root.find("C"), root.find("D")) == ("", "", None)
    assert NAMESPACE.encode() in text


BOMB = "<!DOCTYPE a [" + "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha"}">' for n in range(10)) + "]>"


@pytest.mark.parametrize(
    "text",
    [
        b"", b"text", b"<a>", b"<a></b>", b"<b/>", b"<a/><a/>", b"<a>\x00</a>", b"<a>&nothing;</a>", b"<a>" * 21,
        b"<a>" + b"<b/>" * 100_000 + b"</a>",
        (BOMB + "<a>&e9;</a>").encode(),
        b'<!DOCTYPE a SYSTEM "http://example.com/a.dtd"><a/>',
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    ],
)  # fmt: skip
def test_xml_that_is_refused(text: bytes) -> None:
    with pytest.raises(S3Error) as error:
        parse(text, "a")
    assert (error.value.code, error.value.status) == ("MalformedXML", 400)
