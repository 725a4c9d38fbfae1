"""The files of deploy/: they can be read, name settings that exist and images that stay, and give no process more than
it needs. Whether they run, no test here can tell: that takes a container engine."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from customlabels.cli.arguments import parser
from customlabels.settings import PREFIX, Settings

DEPLOY = Path(__file__).parents[1] / "deploy"
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file() and path.name != ".env")
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
KNOWN = {f"{PREFIX}{field.name.upper()}" for field in fields(Settings)} | {"CUSTOMLABELS_CACHE"}
PINNED = re.compile(r"[a-z0-9./_-]+:\d+\.\d+\.?\d*[a-z0-9.-]*")


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return loaded


SERVICES: dict[str, Any] = compose()["services"]


def documents(kind: str) -> list[dict[str, Any]]:
    found = [document for path in MANIFESTS for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))]
    assert all({"apiVersion", "kind", "metadata"} <= document.keys() for document in found)
    return [document for document in found if document["kind"] == kind]


DEPLOYMENTS = {document["metadata"]["name"]: document["spec"] for document in documents("Deployment")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_settings_that_are_named_exist(path: Path) -> None:
    assert set(re.findall(r"CUSTOMLABELS_[A-Z0-9_]+", path.read_text(encoding="utf-8"))) <= KNOWN


@pytest.mark.parametrize("path", [DEPLOY / "Containerfile", DEPLOY / "compose.yaml", *MANIFESTS], ids=lambda p: p.name)
def test_what_was_not_run_says_so(path: Path) -> None:
    assert re.search(r"Not run\b", path.read_text(encoding="utf-8").partition("\n\n")[0])


def test_the_image_is_of_a_fixed_base_and_runs_as_nobody_in_particular() -> None:
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert bases
    assert all(PINNED.fullmatch(base) for base in bases)
    last = text[text.rindex("\nFROM ") :]
    (user,) = re.findall(r"^USER (\d+):\d+$", last, re.MULTILINE)
    assert int(user) > 0
    assert "ADD " not in text


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_no_more_rights_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert PINNED.fullmatch(service["image"])
    assert service["read_only"] is True
    assert int(service["user"].partition(":")[0]) > 0
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "network_mode", "pid", "cap_add"} & service.keys()


def test_the_services_are_those_of_the_topology() -> None:
    commands = {name: service.get("command") for name, service in SERVICES.items()}
    servers = [name for name in commands if name.startswith("server-")]
    assert len(servers) >= 2
    for name in servers:
        assert SERVICES[name]["environment"]["CUSTOMLABELS_DATABASE_URL"].startswith("postgresql://")
        assert f"server {name}:8321" in (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"proxy": ["127.0.0.1:8321:8080"]}
    assert {name for service in SERVICES.values() for name in service.get("depends_on", [])} <= SERVICES.keys()
    mounted = {volume.partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert mounted - {"./nginx.conf"} == compose()["volumes"].keys()


@pytest.mark.parametrize(
    "arguments",
    [service["command"] for service in SERVICES.values() if service["image"].startswith("customlabels")]
    + [spec["template"]["spec"]["containers"][0]["args"] for spec in DEPLOYMENTS.values()],
    ids=" ".join,
)
def test_commands_are_ones_that_there_are(arguments: list[str]) -> None:
    assert parser().parse_args(arguments).command == arguments[0]


def test_variables_of_the_compose_file_are_in_the_example() -> None:
    named = set(re.findall(r"\$\{([A-Z0-9_]+)", (DEPLOY / "compose.yaml").read_text(encoding="utf-8")))
    told = re.findall(r"^([A-Z0-9_]+)=", (DEPLOY / "env.example").read_text(encoding="utf-8"), re.MULTILINE)
    assert named == set(told)


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_a_pod_has_no_more_rights_than_it_needs(name: str) -> None:
    spec = DEPLOYMENTS[name]
    labels = spec["template"]["metadata"]["labels"]
    assert spec["selector"]["matchLabels"] == labels
    pod = spec["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    (container,) = pod["containers"]
    assert PINNED.fullmatch(container["image"])
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"memory"} <= container["resources"]["limits"].keys()
    volumes = {volume["name"]: volume["emptyDir"] for volume in pod["volumes"]}
    assert {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]} == {
        name: f"/{name}" for name in volumes
    }


def test_servers_are_probed_spread_and_kept() -> None:
    labels = DEPLOYMENTS["customlabels-server"]["template"]["metadata"]["labels"]
    (container,) = DEPLOYMENTS["customlabels-server"]["template"]["spec"]["containers"]
    for probe in ("startupProbe", "readinessProbe"):
        assert container[probe]["httpGet"] == {"path": "/health", "port": "http"}
    (service,) = documents("Service")
    assert service["spec"]["selector"].items() <= labels.items()
    assert service["spec"]["ports"][0]["targetPort"] == container["ports"][0]["name"]
    (budget,) = documents("PodDisruptionBudget")
    assert budget["spec"]["selector"]["matchLabels"] == labels
    assert budget["spec"]["minAvailable"] < DEPLOYMENTS["customlabels-server"]["replicas"]


def test_pods_are_told_what_the_config_map_and_the_example_of_a_secret_have() -> None:
    (settings,), (secret,) = documents("ConfigMap"), documents("Secret")
    names = {settings["metadata"]["name"], secret["metadata"]["name"]}
    for spec in DEPLOYMENTS.values():
        (container,) = spec["template"]["spec"]["containers"]
        assert {next(iter(source.values()))["name"] for source in container["envFrom"]} == names
    assert "CUSTOMLABELS_DATABASE_URL" in secret["stringData"]
    values = [value for name, value in secret["stringData"].items() if not name.endswith("URL")]
    assert set(values) == {"REPLACE-ME"}
