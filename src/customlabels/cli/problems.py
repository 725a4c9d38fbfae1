"""How findings about data are told: to people one a line, to scripts as objects."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from customlabels.manifest.entry import Problem

SHOWN = 20


def print_problems(problems: Sequence[Problem]) -> None:
    """On standard error, the first twenty, errors before warnings."""
    ordered = sorted(problems, key=lambda found: found.is_warning)
    for found in ordered[:SHOWN]:
        print(in_words(found), file=sys.stderr)
    if len(ordered) > SHOWN:
        print(f"and {len(ordered) - SHOWN} more; --json names them all", file=sys.stderr)


def in_words(found: Problem) -> str:
    where = f"line {found.line}: " if found.line else ""
    return f"{where}{found.code}: {found.detail or found.message}"


def problem_json(found: Problem) -> dict[str, Any]:
    return {
        "code": found.code,
        "message": found.message,
        "line": found.line,
        "location": list(found.location),
        "detail": found.detail,
    }
