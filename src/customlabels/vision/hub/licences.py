"""Which licences of pretrained weights are taken: those like Apache's, and those that a setting names."""

from __future__ import annotations

import os
from typing import Any

import yaml

from customlabels.vision.hub.errors import BackboneError

PERMISSIVE = {
    "0bsd",
    "apache-2.0",
    "bsd",
    "bsd-2-clause",
    "bsd-3-clause",
    "bsd-3-clause-clear",
    "bsl-1.0",
    "cc0-1.0",
    "isc",
    "mit",
    "unlicense",
}
"""As the hub's model cards name them."""
UNKNOWN = "unknown"


def licence_of(card: str) -> str:
    """The licence that a model card (README.md) names at its head, in small letters; empty where it names none."""
    parts = card.split("---", 2)
    if len(parts) < 3 or parts[0].strip():
        return ""
    try:
        head: Any = yaml.safe_load(parts[1])
    except yaml.YAMLError:
        return ""
    licence = head.get("license") if isinstance(head, dict) else None
    if licence == "other":
        licence = head.get("license_name") or licence
    return licence.lower() if isinstance(licence, str) else ""


def require_allowed(licence: str, name: str) -> None:
    """Raises BackboneError for a licence that is neither permissive nor in the setting."""
    allowed = {part.strip().lower() for part in os.environ.get("CUSTOMLABELS_HUB_LICENCES", "").split(",")}
    if licence in PERMISSIVE or licence in allowed:
        return
    found = (
        "names no licence in a card that could be had"
        if licence == UNKNOWN
        else f"is under the licence {licence}, which is not like Apache's"
    )
    raise BackboneError(f"{name} {found}: read its terms, and accept them with CUSTOMLABELS_HUB_LICENCES={licence}.")
