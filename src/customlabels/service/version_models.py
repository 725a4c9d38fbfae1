"""The models of a version: one that its row names, and what attempts to make it have left that came to nothing."""

from __future__ import annotations

import logging
import secrets
from typing import Any

from sqlalchemy import Row

from customlabels.service.service import Service
from customlabels.store.objects import StoreUnavailable

log = logging.getLogger(__name__)


def new_model_name(row: Row[Any]) -> str:
    """A name for the model of a version, another one each time: two workers may be at the same training for a moment,
    where one of them is taken for dead, and neither must write into the other's model."""
    return f"{_stem(row)}-{secrets.token_hex(4)}"


def forget_attempts(service: Service, row: Row[Any], but: str) -> None:
    """Remove what earlier attempts have left of a version's models; where that fails, it goes with the version."""
    try:
        service.models.delete(_stem(row), but)
    except StoreUnavailable as error:
        log.warning("%s: %s", row.arn, error)


def delete_models(service: Service, row: Row[Any]) -> None:
    """Remove all models of a version. Raises StoreUnavailable."""
    service.models.delete(_stem(row))


def _stem(row: Row[Any]) -> str:
    return f"{row.id}-{row.created}"
