"""The tag customlabels:backbone: a server takes what its setting lists, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from customlabels.service.access.caller import Caller
from customlabels.service.errors import InvalidParameterException
from customlabels.service.service import Service
from customlabels.service.versions import BACKBONE_TAG

from .manifests import made, new_project, tagged
from .trainings import FAST, begin, put_photos, trained


def _offering(service: Service, models: Sequence[str]) -> Service:
    return replace(service, settings=replace(service.settings, hub_models=tuple(models)))


def _project(service: Service, caller: Caller) -> str:
    """A project whose datasets have pictures of two labels."""
    project = new_project(service, caller, "skies")
    for part in ("TRAIN", "TEST"):
        placed = put_photos(service, part.lower(), ("dusk", "dawn"), 3)
        made(service, caller, [tagged(key, label) for key, label in placed], project, part)
    return project


@pytest.mark.parametrize("named", ["facebook/dinov2-large", "/etc", "../models", ""])
@pytest.mark.parametrize("offered", [(), ("facebook/dinov2-base", "a/b")])
def test_only_what_the_setting_lists_is_taken(
    service: Service, caller: Caller, named: str, offered: Sequence[str]
) -> None:
    project = _project(service, caller)
    words = "it may be facebook/dinov2-base or a/b" if offered else "offers none .CUSTOMLABELS_HUB_MODELS."
    with pytest.raises(InvalidParameterException, match=f"tag customlabels:backbone is '{named}'; .*{words}"):
        begin(_offering(service, offered), caller, project, tags={BACKBONE_TAG: named})


def test_a_listed_backbone_is_learnt_from(
    service: Service, caller: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("transformers", reason="the extra [hub] is not installed; `make test` installs it")
    from ..vision.hub import tiny

    folder = str(tiny.save("dinov2", tmp_path / "dinov2"))
    project = _project(service, caller)
    version = trained(_offering(service, [folder]), caller, project, tags={**FAST, BACKBONE_TAG: folder})
    assert version["Status"] == "TRAINING_COMPLETED", version["StatusMessage"]
    (file,) = service.settings.models.glob("*/model.json")
    assert json.loads(file.read_text())["backbone"] == "dinov2"


def test_a_backbone_that_cannot_be_had_fails_the_training_in_words(
    service: Service, caller: Caller, tmp_path: Path
) -> None:
    pytest.importorskip("transformers", reason="the extra [hub] is not installed; `make test` installs it")
    (tmp_path / "empty").mkdir()
    offering = _offering(service, [str(tmp_path / "empty")])
    tags = {**FAST, BACKBONE_TAG: str(tmp_path / "empty")}
    version = trained(offering, caller, _project(service, caller), tags=tags)
    assert version["Status"] == "TRAINING_FAILED"
    assert version["StatusMessage"] == ("empty has no config.json: it is no model of transformers, choose another.")
