"""What the machine that trains can do."""

from __future__ import annotations

from typing import Any

import torch


def training_device() -> torch.device:
    """The graphics card where there is one that CUDA reaches, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def has_bf16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 natively; elsewhere autocast would be slower, not faster."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    cpu: Any = torch.cpu
    # Private, and named differently in other releases of torch: what cannot be asked counts as a no.
    names = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(cpu, name, lambda: False)() for name in names)
