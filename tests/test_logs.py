"""What the server has to say: lines of JSON in a file, the worst of it for people."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from customlabels.logs import JsonLines, start_logging
from customlabels.settings import Settings


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, put back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield root
    for handler in set(root.handlers) - set(handlers):
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)


def test_a_record_is_one_line_with_its_traceback() -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError as error:
        caught = (ValueError, error, error.__traceback__)
    record = logging.LogRecord("customlabels.test", logging.ERROR, "x.py", 1, 'a "b"\n%s', ("ü",), caught)
    text = JsonLines().format(record)
    assert "\n" not in text
    line = json.loads(text)
    assert (line["level"], line["logger"], line["message"]) == ("error", "customlabels.test", 'a "b"\nü')
    assert "ValueError: two\nlines" in line["traceback"]


@pytest.mark.parametrize(("level", "expected"), [("info", ["told", "bad"]), ("warning", ["bad"])])
def test_the_level_is_a_setting(
    level: str, expected: list[str], tmp_path: Path, root: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    start_logging(Settings(home=tmp_path, log_level=level), "server")
    log = logging.getLogger("customlabels.test")
    log.debug("detail")
    log.info("told")
    log.warning("bad")
    lines = (tmp_path / "logs" / "server.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["message"] for line in lines] == expected
    printed = capsys.readouterr().err
    assert "bad" in printed
    assert "told" not in printed
