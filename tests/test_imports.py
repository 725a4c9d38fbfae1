"""What an import costs, and what it must not bring along."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

import customlabels

SOURCES = sorted(Path(customlabels.__file__).parent.rglob("*.py"))
HEAVY = ("torch", "openvino", "onnx", "onnxruntime", "numpy", "PIL", "rich", "safetensors", "ray")


def _loaded(code: str) -> set[str]:
    """The heavy packages that a fresh interpreter has loaded after running the code."""
    code += f"\nimport sys\nprint(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split("\n")[-2].split())


@pytest.mark.parametrize(
    "code",
    [
        "import customlabels",
        "from customlabels.cli import main; main(['--version'])",
        "from customlabels.cli import main; main(['train', '--help'])",
        "from customlabels.cli import main; main(['detect'])",
    ],
)
def test_nothing_heavy_is_imported_before_it_is_needed(code: str) -> None:
    assert _loaded(code) == set()


def test_serving_needs_no_torch() -> None:
    assert "torch" not in _loaded("from customlabels import Model, Evaluation, read_dataset")


def test_the_local_engine_needs_no_ray() -> None:
    code = "from customlabels.service.engines import open_engine; import customlabels.server"
    assert "ray" not in _loaded(f"{code}; from customlabels.settings import Settings; open_engine(Settings())")


@pytest.mark.parametrize("name", customlabels.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(customlabels, name).__name__ == name
    assert name in dir(customlabels)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="detekt"):
        _ = customlabels.detekt


def _imported_by_the_product() -> set[str]:
    """Top-level names of the packages that the sources import, wherever in a module."""
    names = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.split(".")[0])
    return names - set(sys.stdlib_module_names) - {"customlabels"}


def test_what_is_imported_is_declared() -> None:
    declared = {
        canonicalize_name(re.split(r"[^A-Za-z0-9_.-]", line)[0])
        for line in importlib.metadata.requires("customlabels") or []
        if "extra == 'dev'" not in line
    }
    homes = importlib.metadata.packages_distributions()
    for name in _imported_by_the_product():
        assert {canonicalize_name(home) for home in homes[name]} & declared, f"{name} is imported and not declared"


def test_nothing_that_is_read_is_run() -> None:
    """No pickles, which are programs; of PyTorch's files only the weights; of YAML only the plain kinds."""
    nodes = [(path, node) for path in SOURCES for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    for path, node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {alias.name for alias in node.names} | {getattr(node, "module", None)}
            assert names.isdisjoint({"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}), path
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            called = ast.unparse(node.func)
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            assert called != "torch.load" or given.get("weights_only") == "True", path
            assert called != "np.load" or given.get("allow_pickle", "False") == "False", path
            assert called not in ("yaml.unsafe_load", "yaml.full_load"), path
