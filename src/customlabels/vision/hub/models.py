"""A pretrained model that somebody names: found, checked, described for model.json, and loaded.

Only safetensors are read, and only by classes of transformers: no code of a model's author is ever run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from customlabels.vision.framing import usual_shape
from customlabels.vision.hub.errors import BackboneError
from customlabels.vision.hub.families import PLAIN, Colour, Family, family_of
from customlabels.vision.hub.files import WEIGHTS, Folder, Repository, place_of
from customlabels.vision.hub.licences import UNKNOWN, licence_of, require_allowed
from customlabels.vision.runtime import RuntimeMissing

SIDES = (64, 1024)
"""Pixels: the side of a model's input is kept within these."""
MOST_PARAMETERS = 500_000_000
"""An exported network of more would pass ONNX's limit of 2 GiB."""


@dataclass(frozen=True)
class HubModel:
    """A model whose files are there. `side` pixels, `mean` and `std` (RGB, of values in [0, 1]) are what it expects.

    `provenance` says where the weights come from, as model.json has it of every backbone.
    """

    name: str
    folder: Path
    family: Family
    side: int
    mean: Colour
    std: Colour
    provenance: Mapping[str, str]


def find_backbone(backbone: str) -> HubModel:
    """The model in a folder, or of the hub's id ORGANISATION/NAME[@REVISION]; it is fetched where the cache lacks it.

    Raises RuntimeMissing without the extra [hub], BackboneError for what cannot be had, is not supported, or has a
    licence that is not allowed.
    """
    if find_spec("transformers") is None:
        raise RuntimeMissing(f"The backbone {backbone} needs transformers: pip install 'customlabels[train,hub]'.")
    place = place_of(backbone)
    config = _json(place, "config.json", required=True)
    if config is None:
        raise BackboneError(f"{place.name} has no config.json: it is no model of transformers, choose another.")
    family = family_of(config, place.name)
    licence = _licence(place, family)
    side, mean, std = _preprocessing(_json(place, "preprocessor_config.json") or {}, family, place.name)
    weights = place.find(WEIGHTS, required=True)
    if weights is None:
        raise BackboneError(f"{place.name} has no {WEIGHTS}, and no other weights are read: choose another model.")
    with weights.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    provenance = {
        "source": "a folder" if isinstance(place, Folder) else "Hugging Face hub",
        "model": place.name,
        "revision": place.revision,
        "file": WEIGHTS,
        "sha256": digest,
        "architecture": family.class_name,
        "licence": licence,
    }
    return HubModel(place.name, weights.parent, family, side, mean, std, provenance)


def load(model: HubModel, **settings: Any) -> Any:
    """The torch module, its weights as float32; `settings` replace those of its configuration.

    Raises BackboneError where the weights do not fit the configuration.
    """
    import torch
    import transformers

    kind = getattr(transformers, model.family.class_name)
    with _quiet():
        try:
            config = kind.config_class.from_pretrained(model.folder, local_files_only=True, **settings)
            module, report = kind.from_pretrained(
                model.folder,
                config=config,
                local_files_only=True,
                use_safetensors=True,
                attn_implementation="eager",  # the others cannot be exported, or not by every family
                dtype=torch.float32,
                output_loading_info=True,
            )
        except Exception as error:  # whatever a foreign file makes of transformers' hundred checks
            raise BackboneError(f"{model.name} cannot be loaded, choose another model: {error}") from error
    if missing := sorted(report["missing_keys"]):
        raise BackboneError(
            f"{model.name} lacks {len(missing)} weights of a {model.family.class_name}, {missing[0]} for one: "
            "choose another model."
        )
    count = sum(parameter.numel() for parameter in module.parameters())
    if count > MOST_PARAMETERS:
        raise BackboneError(
            f"{model.name} has {count / 1e6:.0f} million parameters, and {MOST_PARAMETERS / 1e6:.0f} million can be "
            "exported: choose a smaller one of its family."
        )
    return module.eval()


def notes() -> dict[str, str]:
    """What model.json says of the libraries that made a backbone."""
    return {name: version(name) for name in ("transformers", "huggingface-hub")}


def frame_of(sizes: Iterable[tuple[int, int]], side: int, grid: int) -> tuple[int, int]:
    """The frame, (height, width) in pixels, for pictures of these (width, height): their usual shape, about `side`
    squared in area, sides multiples of `grid`."""
    shape = float(np.clip(usual_shape(sizes), 0.5, 2.0))
    height, width = side / shape**0.5, side * shape**0.5
    return max(1, round(height / grid)) * grid, max(1, round(width / grid)) * grid


def _licence(place: Folder | Repository, family: Family) -> str:
    """The licence, which is allowed. A folder of one's own may say nothing of it."""
    card = place.find("README.md")
    licence = licence_of(card.read_text(encoding="utf-8", errors="replace")) if card else ""
    licence = licence or family.licence or UNKNOWN
    if not (licence == UNKNOWN and isinstance(place, Folder)):
        require_allowed(licence, place.name)
    return licence


def _json(place: Folder | Repository, file: str, required: bool = False) -> dict[str, Any] | None:
    path = place.find(file, required)
    if path is None:
        return None
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise BackboneError(f"{file} of {place.name} is damaged, fetch it again: {error}") from error
    if not isinstance(content, dict):
        raise BackboneError(f"{file} of {place.name} is damaged, fetch it again: it holds no object.")
    return content


def _preprocessing(settings: Mapping[str, Any], family: Family, name: str) -> tuple[int, Colour, Colour]:
    """Side, mean and std from a preprocessor_config.json, the family's where it is silent."""
    try:
        size = (settings.get("crop_size") if settings.get("do_center_crop") else None) or settings.get("size") or {}
        found = size if isinstance(size, int) else size.get("height") or size.get("shortest_edge") or family.side
        side = min(max(int(found), SIDES[0]), SIDES[1])
        if settings.get("do_normalize") is False:
            return side, *PLAIN
        return side, _colour(settings.get("image_mean"), family.mean), _colour(settings.get("image_std"), family.std)
    except (TypeError, ValueError, AttributeError) as error:
        raise BackboneError(f"preprocessor_config.json of {name} is damaged, fetch it again: {error}") from error


def _colour(values: Any, default: Colour) -> Colour:
    if values is None:
        return default
    red, green, blue = (float(value) for value in values)
    return red, green, blue


@contextmanager
def _quiet() -> Iterator[None]:
    """Without transformers' own bars and remarks: what matters is raised."""
    from transformers.utils import logging

    before, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(before)
        if bars:
            logging.enable_progress_bar()
