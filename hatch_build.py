"""Builds the console when the package is built, so that users need no Node.js."""

from __future__ import annotations

import subprocess
import sys
from importlib import util
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Console(BuildHookInterface):  # type: ignore[type-arg]
    """Runs web/build.py."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node.js as a wheel, where the system has none."""
        build = self._program()
        return [] if build is None or build.has_node() else [build.NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build. In an editable installation the console may be missing; a wheel has it, or is not made."""
        build = self._program()
        if build is None:  # a source distribution: the files are in it
            return
        try:
            build.build()
        except (build.NoNode, subprocess.CalledProcessError, OSError) as error:
            if version != "editable":
                raise
            print(f"The console was not built: {error}", file=sys.stderr)

    def _program(self) -> ModuleType | None:
        path = Path(self.root) / "web" / "build.py"
        if not path.is_file():
            return None
        spec = util.spec_from_file_location("customlabels_web_build", path)
        assert spec is not None
        assert spec.loader is not None
        module = util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
