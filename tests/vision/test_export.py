"""What is exported answers as the torch network does, in every runtime."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from customlabels.vision import runtime
from customlabels.vision.export import save_network, to_onnx

FRAME = (24, 32)
FIRST_ANSWERS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import numpy as np
from customlabels.vision.runtime import open_network

network = open_network(Path(sys.argv[1]), threads=1)
sys.setswitchinterval(1e-5)
with ThreadPoolExecutor(2) as pool:
    list(pool.map(network, [np.zeros((1, 24, 32, 3), np.uint8)] * 2))
"""
IMAGES = np.random.default_rng(0).integers(0, 256, (5, *FRAME, 3), dtype=np.uint8)


class Toy(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Conv2d(3, 4, 3, padding=1)

    def forward(self, images: Tensor) -> Tensor:
        x = self.layer(images.permute(0, 3, 1, 2).float() / 255)
        y: Tensor = x.amax((2, 3)).sigmoid()
        return y


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("network")
    save_network(to_onnx(Toy(), FRAME, ["confidence"]), path)
    return path


def test_the_folder_holds_both_forms(folder: Path) -> None:
    assert {file.name for file in folder.iterdir()} == {"network.onnx", "network.xml", "network.bin"}


def expected() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    with torch.no_grad():
        result: np.ndarray[tuple[int, ...], np.dtype[np.float32]] = Toy()(torch.from_numpy(IMAGES)).numpy()
    return result


@pytest.mark.parametrize("batch", [1, 5])
def test_openvino_agrees_with_torch(folder: Path, batch: int) -> None:
    (confidence,) = runtime.open_network(folder)(IMAGES[:batch])
    np.testing.assert_allclose(confidence, expected()[:batch], atol=1e-5)


def test_onnx_runtime_agrees_with_torch(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxruntime")
    monkeypatch.setitem(sys.modules, "openvino", None)
    (confidence,) = runtime.open_network(folder, threads=1)(IMAGES)
    np.testing.assert_allclose(confidence, expected(), atol=1e-5)
    model = (folder / "network.onnx").read_bytes()
    streamed = [outputs[0] for outputs in runtime.open_stream(model)([IMAGES[:2], IMAGES[2:]])]
    np.testing.assert_allclose(np.concatenate(streamed), expected(), atol=1e-5)


def test_batches_come_back_in_order_while_several_are_in_flight(folder: Path) -> None:
    model = (folder / "network.onnx").read_bytes()
    batches = [IMAGES[i % 5 : i % 5 + 1] for i in range(23)]
    streamed = [outputs[0] for outputs in runtime.open_stream(model)(iter(batches))]
    np.testing.assert_allclose(np.concatenate(streamed), expected()[[i % 5 for i in range(23)]], atol=1e-5)


def test_without_any_runtime_the_error_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("openvino", "onnxruntime"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(runtime.RuntimeMissing, match="pip install openvino"):
        runtime.open_network(folder)


def test_a_folder_without_a_network_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"holds no network: expected network\.xml or network\.onnx"):
        runtime.open_network(tmp_path)


def test_the_first_two_answers_of_a_process_may_be_asked_for_at_once(folder: Path) -> None:
    for _ in range(10):  # OpenVINO's bindings alone hang in one of three
        subprocess.run([sys.executable, "-c", FIRST_ANSWERS, folder], check=True, timeout=60)
