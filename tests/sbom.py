"""The bill of materials: `python -m tests.sbom FILE` writes, as CycloneDX JSON, all that comes with this project.

That is the Python packages that users can install with it, as they are here, and the npm packages that the console's
pages are built with. The same installation gives the same file.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .packages import USERS, closure, field, licence_of

LOCK = Path(__file__).parents[1] / "web" / "package-lock.json"
_LICENCES = LicenseFactory()


def bill() -> Bom:
    """The project, its packages, and which of them need which."""
    packages = closure("customlabels", USERS)
    components = {name: _of_python(distribution) for name, distribution in packages.items()}
    root = components.pop("customlabels")
    root.type = ComponentType.APPLICATION
    console = list(_of_npm())
    bom = Bom(components=[*components.values(), *console])
    bom.metadata.component = root
    for name, distribution in packages.items():
        needed = {canonicalize_name(Requirement(line).name) for line in distribution.requires or []}
        bom.register_dependency(components.get(name, root), [components[n] for n in sorted(needed & components.keys())])
    bom.register_dependency(root, console)
    bom.serial_number = uuid5(NAMESPACE_URL, "\n".join(sorted(str(component.purl) for component in bom.components)))
    return bom


def written(bom: Bom) -> str:
    """As JSON; without the time, so that it changes only when the packages do."""
    content = json.loads(JsonV1Dot6(bom).output_as_string())
    del content["metadata"]["timestamp"]
    return json.dumps(content, indent=2, sort_keys=True) + "\n"


def _of_python(distribution: Distribution) -> Component:
    name, licence = canonicalize_name(field(distribution, "Name")), licence_of(distribution)
    return _component("pypi", name, distribution.version, licence or field(distribution, "License"))


def _of_npm() -> Iterator[Component]:
    """Those that are no tools for tests; the console's lock file names them."""
    packages: dict[str, dict[str, Any]] = json.loads(LOCK.read_text(encoding="utf-8"))["packages"]
    known = set()
    for place, package in packages.items():
        name = place.rpartition("node_modules/")[2]
        if name and not package.get("dev") and (name, package["version"]) not in known:
            known.add((name, package["version"]))
            yield _component("npm", name, package["version"], package.get("license", ""))


def _component(kind: str, name: str, version: str, licence: str) -> Component:
    group, _, bare = name.rpartition("/")
    purl = PackageURL(kind, group or None, bare, version)
    licences = [_LICENCES.make_from_string(re.sub(r"\s+", " ", licence)[:200])] if licence else []
    return Component(name=bare, group=group or None, version=version, purl=purl, bom_ref=str(purl), licenses=licences)


def main(file: Path) -> None:
    bom = bill()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(written(bom), encoding="utf-8")
    print(f"{file}: {len(bom.components)} packages.")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
