"""Models of each supported architecture, a few thousand random weights large, saved as the hub's are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import nn

SIDE = 96

_TRANSFORMER = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "image_size": 56,
}
_DETECTOR = {
    "d_model": 32,
    "encoder_hidden_dim": 32,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "decoder_layers": 2,
    "decoder_attention_heads": 2,
    "encoder_attention_heads": 2,
    "hidden_expansion": 0.5,
    "num_queries": 20,
    "num_denoising": 10,
    "num_labels": 5,
    "decoder_in_channels": [32, 32, 32],
    "anchor_image_size": [640, 640],
    "eval_size": 640,
}


def _dinov2() -> Any:
    return transformers.Dinov2Model(transformers.Dinov2Config(**_TRANSFORMER, patch_size=14))


def _registers() -> Any:
    config = transformers.Dinov2WithRegistersConfig(**_TRANSFORMER, patch_size=14)
    return transformers.Dinov2WithRegistersModel(config)


def _dinov3() -> Any:
    config = transformers.DINOv3ViTConfig(**_TRANSFORMER, patch_size=16, num_register_tokens=4)
    return transformers.DINOv3ViTModel(config)


def _siglip() -> Any:
    """Both towers, as the hub has them; only the eye is used."""
    text = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    config = transformers.SiglipConfig(
        text_config={**text, "vocab_size": 99}, vision_config={**_TRANSFORMER, "patch_size": 16, "image_size": 64}
    )
    return transformers.SiglipModel(config)


def _resnet() -> Any:
    return transformers.RTDetrResNetConfig(
        embedding_size=8,
        hidden_sizes=[8, 16, 24, 32],
        depths=[1, 1, 1, 1],
        layer_type="basic",
        out_features=["stage2", "stage3", "stage4"],
    )


def _rt_detr() -> Any:
    config = transformers.RTDetrConfig(**_DETECTOR, backbone_config=_resnet(), encoder_in_channels=[16, 24, 32])
    return transformers.RTDetrForObjectDetection(config)


def _rt_detr_v2() -> Any:
    config = transformers.RTDetrV2Config(**_DETECTOR, backbone_config=_resnet(), encoder_in_channels=[16, 24, 32])
    return transformers.RTDetrV2ForObjectDetection(config)


def _d_fine() -> Any:
    backbone = transformers.HGNetV2Config(
        stem_channels=[3, 8, 8],
        stage_in_channels=[8, 16, 24, 32],
        stage_mid_channels=[8, 8, 8, 8],
        stage_out_channels=[16, 24, 32, 48],
        stage_num_blocks=[1, 1, 1, 1],
        stage_numb_of_layers=[1, 1, 1, 1],
        embedding_size=8,
        hidden_sizes=[16, 24, 32, 48],
        depths=[1, 1, 1, 1],
        out_features=["stage2", "stage3", "stage4"],
    )
    config = transformers.DFineConfig(
        **_DETECTOR,
        hidden_size=32,
        backbone_config=backbone,
        encoder_in_channels=[24, 32, 48],
        decoder_n_points=[2, 2, 2],
        max_num_bins=8,
    )
    return transformers.DFineForObjectDetection(config)


ENCODERS: dict[str, Callable[[], Any]] = {
    "dinov2": _dinov2,
    "dinov2_with_registers": _registers,
    "dinov3_vit": _dinov3,
    "siglip": _siglip,
}
DETECTORS: dict[str, Callable[[], Any]] = {"rt_detr": _rt_detr, "rt_detr_v2": _rt_detr_v2, "d_fine": _d_fine}


def save(kind: str, folder: Path, licence: str = "apache-2.0", **preprocessing: Any) -> Path:
    """A model of a kind in a folder, with its card and, where it has settings, its preprocessor_config.json."""
    torch.manual_seed(0)
    model = {**ENCODERS, **DETECTORS}[kind]()
    for module in model.modules():
        # transformers starts from weights so small that answers hardly depend on the picture.
        if isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
        elif isinstance(module, nn.Linear | nn.Conv2d):
            nn.init.xavier_uniform_(module.weight)
    model.save_pretrained(folder)
    settings = {"size": {"height": SIDE, "width": SIDE}, **preprocessing}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings), encoding="utf-8")
    (folder / "README.md").write_text(f"---\nlicense: {licence}\n---\n# A tiny {kind}\n", encoding="utf-8")
    return folder
