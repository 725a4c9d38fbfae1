"""Which backbones are taken: where they are looked for, what is read of them, and what is said of the others."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub import constants, errors
from safetensors.numpy import load_file, save_file

from customlabels.vision.hub import models
from customlabels.vision.hub.errors import BackboneError
from customlabels.vision.hub.licences import licence_of
from customlabels.vision.hub.models import find_backbone, frame_of, load
from customlabels.vision.runtime import RuntimeMissing
from customlabels.vision.train import train

from ..shapes import shape_dataset
from . import tiny

COMMIT = "0123456789012345678901234567890123456789"
PICTURES = [["disc"], ["cross"]] * 3


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the hub's files, and no network."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return tmp_path / "cache"


def put(cache: Path, folder: Path, name: str) -> Path:
    """Put a model into the cache as `hf download` does."""
    place = cache / f"models--{name.replace('/', '--')}"
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text(COMMIT)
    return shutil.copytree(folder, place / "snapshots" / COMMIT)


def changed(folder: Path, target: Path, file: str, content: str | None) -> Path:
    """A copy of a model with one file rewritten, or removed."""
    shutil.copytree(folder, target)
    if content is None:
        (target / file).unlink()
    else:
        (target / file).write_text(content, encoding="utf-8")
    return target


def test_a_model_in_the_cache_is_used_without_a_network(cache: Path, dinov2: Path) -> None:
    put(cache, dinov2, "tiny/eye")
    for backbone in ("tiny/eye", f"tiny/eye@{COMMIT}"):
        found = find_backbone(backbone)
        assert found.name == "tiny/eye"
        assert found.family.name == "DINOv2"
        assert found.provenance["source"] == "Hugging Face hub"
        assert found.provenance["revision"] == COMMIT
        assert found.provenance["licence"] == "apache-2.0"


@pytest.mark.parametrize("file", ["config.json", "model.safetensors"])
def test_what_is_not_in_the_cache_is_named_with_the_remedy(cache: Path, dinov2: Path, file: str) -> None:
    (put(cache, dinov2, "tiny/eye") / file).unlink()
    words = f"{file} of tiny/eye is not in the hub's cache.*HF_HUB_OFFLINE is set.*hf download tiny/eye"
    with pytest.raises(BackboneError, match=words):
        find_backbone("tiny/eye")


def test_what_need_not_be_there_may_be_missing_offline(cache: Path, dinov2: Path) -> None:
    (put(cache, dinov2, "tiny/eye") / "preprocessor_config.json").unlink()
    found = find_backbone("tiny/eye")
    assert (found.side, found.mean) == (224, (0.485, 0.456, 0.406))


def _response(status: int) -> Any:
    http = importlib.import_module(errors.HfHubHTTPError.__mro__[1].__module__.partition(".")[0])
    return http.Response(status, request=http.Request("GET", "https://example.org"))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (lambda: errors.RepositoryNotFoundError("no", response=_response(404)), "The hub has no model tiny/eye"),
        (lambda: errors.GatedRepoError("no", response=_response(403)), "accept its terms.*HF_TOKEN"),
        (lambda: errors.RevisionNotFoundError("no", response=_response(404)), "no revision v9: check what follows"),
        (lambda: errors.RemoteEntryNotFoundError("no", response=_response(404)), "no config.json.*choose another"),
        (lambda: errors.HfHubHTTPError("busy", response=_response(503)), "could not be fetched, try again.*busy"),
        (lambda: errors.LocalEntryNotFoundError("no"), "not in the hub's cache.*the hub cannot be reached"),
    ],
)
def test_what_the_hub_refuses_is_said_in_words(error: Any, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def download(name: str, file: str, *, revision: str, local_files_only: bool = False) -> str:
        raise errors.LocalEntryNotFoundError("not here") if local_files_only else error()

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with pytest.raises(BackboneError, match=words):
        find_backbone("tiny/eye@v9")


def test_files_are_fetched_at_one_commit_and_the_weights_last(
    dinov2: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = put(tmp_path, dinov2, "tiny/eye")
    asked = []

    def download(name: str, file: str, *, revision: str, local_files_only: bool = False) -> str:
        if local_files_only:
            raise errors.LocalEntryNotFoundError("not here")
        asked.append((file, revision))
        return str(snapshot / file)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    find_backbone("tiny/eye")
    assert asked[0] == ("config.json", "main")
    assert {revision for _, revision in asked[1:]} == {COMMIT}
    assert asked[-1][0] == "model.safetensors"


def test_without_the_extra_it_is_named(dinov2: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "find_spec", lambda name: None)
    with pytest.raises(RuntimeMissing, match=r"pip install 'customlabels\[train,hub\]'"):
        find_backbone(str(dinov2))


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("config.json", None, "has no config.json"),
        ("config.json", "{", "config.json of .* is damaged"),
        ("config.json", "[]", "holds no object"),
        ("config.json", '{"model_type": "bert"}', "architecture bert.*DINOv2.*SigLIP.*RT-DETR v2, D-FINE for boxes"),
        ("preprocessor_config.json", '{"size": "large"}', "preprocessor_config.json of .* is damaged"),
        ("model.safetensors", None, "has no model.safetensors, and no other weights are read"),
    ],
)
def test_a_folder_that_is_no_backbone_is_refused(
    dinov2: Path, tmp_path: Path, file: str, content: str | None, words: str
) -> None:
    with pytest.raises(BackboneError, match=words):
        find_backbone(str(changed(dinov2, tmp_path / "model", file, content)))


@pytest.mark.parametrize("backbone", ["", "no-such-folder", "../up", "./here/there", "a/b/c"])
def test_what_is_neither_a_folder_nor_an_id_is_refused(backbone: str) -> None:
    with pytest.raises(BackboneError, match=r"neither a folder nor the id of a model.*as in facebook/dinov2-base"):
        find_backbone(backbone)


def test_weights_that_do_not_fit_are_refused(dinov2: Path, tmp_path: Path) -> None:
    folder = changed(dinov2, tmp_path / "less", "README.md", "")
    weights = load_file(folder / "model.safetensors")
    save_file({name: array for name, array in weights.items() if "layernorm" not in name}, folder / "model.safetensors")
    with pytest.raises(BackboneError, match=r"lacks 2 weights of a Dinov2Model, layernorm.bias for one"):
        load(find_backbone(str(folder)))
    config = json.loads((dinov2 / "config.json").read_text()) | {"hidden_size": 64}
    with pytest.raises(BackboneError, match="cannot be loaded, choose another"):
        load(find_backbone(str(changed(dinov2, tmp_path / "other", "config.json", json.dumps(config)))))


def test_a_model_too_large_for_onnx_is_refused(dinov2: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "MOST_PARAMETERS", 1000)
    with pytest.raises(BackboneError, match="choose a smaller one"):
        load(find_backbone(str(dinov2)))


@pytest.mark.parametrize(
    ("kind", "boxed", "words"),
    [
        ("dinov2", True, r"dinov2 \(DINOv2\) is no detector.*choose RT-DETR, RT-DETR v2, D-FINE"),
        ("d_fine", False, r"d_fine \(D-FINE\) is a detector.*choose DINOv2, DINOv3, SigLIP"),
    ],
)
def test_a_backbone_for_another_task_is_refused(
    kind: str, boxed: bool, words: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    data = shape_dataset(PICTURES, boxed=boxed)
    with pytest.raises(BackboneError, match=words):
        train(data, tmp_path / "model", test=data, backbone=str(request.getfixturevalue(kind)))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        ("---\nlicense: MIT\n---\n# Title", "mit"),
        ("---\nlicense: other\nlicense_name: dinov3-license\n---\n", "dinov3-license"),
        ("---\nlicense: other\n---\n", "other"),
        ("---\ntags: [a]\n---\n", ""),
        ("---\nlicense: [mit, gpl-3.0]\n---\n", ""),
        ("---\n: :\n---\n", ""),
        ("# No head\n---\nlicense: mit\n---\n", ""),
        ("", ""),
    ],
)
def test_the_licence_is_that_of_the_cards_head(card: str, licence: str) -> None:
    assert licence_of(card) == licence


@pytest.mark.parametrize(
    ("licence", "words"),
    [
        ("cc-by-nc-4.0", "is under the licence cc-by-nc-4.0.*CUSTOMLABELS_HUB_LICENCES=cc-by-nc-4.0"),
        ("", "names no licence.*CUSTOMLABELS_HUB_LICENCES=unknown"),
    ],
)
def test_a_licence_that_is_not_permissive_must_be_accepted(
    licence: str, words: str, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(cache, tiny.save("dinov2", tmp_path / "model", licence), "tiny/eye")
    with pytest.raises(BackboneError, match=words):
        find_backbone("tiny/eye")
    monkeypatch.setenv("CUSTOMLABELS_HUB_LICENCES", f"gpl-3.0, {licence or 'unknown'}")
    assert find_backbone("tiny/eye").provenance["licence"] == (licence or "unknown")


def test_a_folder_of_ones_own_needs_no_card_unless_its_architecture_has_terms(
    dinov2: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_backbone(str(changed(dinov2, tmp_path / "v2", "README.md", None))).provenance["licence"] == "unknown"
    (tiny.save("dinov3_vit", tmp_path / "v3") / "README.md").unlink()
    with pytest.raises(BackboneError, match="CUSTOMLABELS_HUB_LICENCES=dinov3-license"):
        find_backbone(str(tmp_path / "v3"))
    monkeypatch.setenv("CUSTOMLABELS_HUB_LICENCES", "DINOv3-license")
    assert find_backbone(str(tmp_path / "v3")).provenance["licence"] == "dinov3-license"


@pytest.mark.parametrize(
    ("settings", "side", "mean"),
    [
        ({}, 224, (0.485, 0.456, 0.406)),
        (
            {"size": {"shortest_edge": 256}, "crop_size": {"height": 224, "width": 224}, "do_center_crop": True},
            224,
            None,
        ),
        ({"size": {"height": 384, "width": 384}, "image_mean": [0.5, 0.5, 0.5], "do_normalize": True}, 384, (0.5,) * 3),
        ({"size": 128, "do_normalize": False, "image_mean": [0.5, 0.5, 0.5]}, 128, (0.0,) * 3),
        ({"size": {"height": 100_000}}, 1024, None),
    ],
)
def test_pictures_are_prepared_as_the_model_was_trained(
    dinov2: Path, tmp_path: Path, settings: dict[str, Any], side: int, mean: tuple[float, ...] | None
) -> None:
    found = find_backbone(str(changed(dinov2, tmp_path / "m", "preprocessor_config.json", json.dumps(settings))))
    assert found.side == side
    assert found.mean == (mean or (0.485, 0.456, 0.406))


@pytest.mark.parametrize(
    ("sizes", "frame"),
    [([(640, 640)], (640, 640)), ([(400, 300)] * 3 + [(10, 900)], (544, 736)), ([(5000, 100)], (448, 896))],
)
def test_frames_have_the_usual_shape_of_the_pictures(sizes: list[tuple[int, int]], frame: tuple[int, int]) -> None:
    assert frame_of(sizes, 640, 32) == frame
