"""A model's folder that is damaged, and a cache of converted weights that is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from customlabels.vision.weights import cached

from .. import tiny
from .site import Site, until

RED = tiny.picture(255)


@pytest.mark.parametrize("file", ["model.json", "network.onnx"])
def test_a_damaged_model_fails_with_the_reason_and_runs_again_when_it_is_mended(place: Site, file: str) -> None:
    """A copy of a model that is at an S3 endpoint mends itself."""
    name = f"damaged-{file.partition('.')[0]}"
    damaged, sound = place.new_model(name), place.new_model(f"beside-{name}")
    copied = place.proxy is not None
    path = (place.settings.home / "cache" / "models" if copied else place.settings.models) / name / file
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    for arn in (damaged, sound):
        place.rekognition.start_project_version(ProjectVersionArn=arn, MinInferenceUnits=1)
    until(lambda: place.status(sound)[0] == "RUNNING")
    assert place.ask(sound, RED)[0]["Name"] == "red"
    if not copied:
        until(lambda: place.status(damaged)[0] == "FAILED")
        assert place.status(damaged)[1].startswith("The model cannot be loaded: ")
        assert str(path.parent) in place.status(damaged)[1]
        path.write_bytes(content)
        place.rekognition.start_project_version(ProjectVersionArn=damaged, MinInferenceUnits=1)
    until(lambda: place.status(damaged)[0] == "RUNNING")
    assert path.read_bytes() == content
    assert place.ask(damaged, RED) == place.ask(sound, RED)
    for arn in (damaged, sound):
        place.rekognition.stop_project_version(ProjectVersionArn=arn)


@pytest.mark.parametrize("harm", ["cut off", "one bit"])
def test_a_damaged_cache_of_weights_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str) -> None:
    monkeypatch.setenv("CUSTOMLABELS_CACHE", str(tmp_path))
    weights = {"kernel": np.arange(1000, dtype=np.float32)}
    cached("toy", lambda: weights)
    (file,) = (tmp_path / "weights").iterdir()
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content if harm == "one bit" else content[: len(content) // 2])
    whole = cached("toy", lambda: weights)["kernel"]
    np.testing.assert_array_equal(whole, weights["kernel"])
    np.testing.assert_array_equal(cached("toy", dict)["kernel"], whole)
