"""Every setting of the server: one field here, one environment variable `CUSTOMLABELS_<NAME>`, one row in the docs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

PREFIX = "CUSTOMLABELS_"
ENGINES = ("local", "ray")


class SettingError(ValueError):
    """A setting has a value that cannot be meant; the text names the variable and what it may be."""


def _default_home() -> Path:
    return Path.home() / ".customlabels"


@dataclass(frozen=True)
class Settings:
    """What a server is told. Paths are absolute; a limit of 0 lifts that limit."""

    home: Path = field(default_factory=_default_home)
    """Folder of the database, the buckets, the models and the logs."""
    host: str = "127.0.0.1"
    port: int = 8321
    region: str = "us-east-1"
    database_url: str = ""
    """SQLAlchemy URL of the database; empty: SQLite in the home folder."""
    s3_endpoint: str = ""
    """Where s3://bucket/key lies; empty: a folder for each bucket in the home folder."""
    s3_access_key: str = ""
    s3_secret_key: str = ""
    s3_region: str = "us-east-1"
    s3_models_bucket: str = "customlabels-models"
    """Bucket at that endpoint for trained models; nobody reaches it through the server."""
    allowed_hosts: tuple[str, ...] = ()
    """Names, besides those of the loopback and of `host`, under which clients may reach the server."""
    cors_origins: tuple[str, ...] = ()
    """Origins of web pages that may call the API; `*` for all."""
    engine: str = "local"
    """Where trainings and models run: one of ENGINES."""
    ray_address: str = ""
    """HOST:PORT of a Ray cluster; empty: a Ray of this machine, which ends with the server."""
    ray_training_cores: int = 2
    """Cores that a training asks the cluster for."""
    ray_spread_pictures: int = 1000
    """Pictures from which on a training has their features made by all nodes of the cluster."""
    ray_unit_cores: int = 1
    """Cores that an inference unit asks the cluster for."""
    training_workers: int = 1
    """Trainings at the same time here, with the local engine; further ones wait their turn. 0: none, others train."""
    data_workers: int = 1
    """Workers for all other jobs: datasets, copies, deletions. 0: none, others do that."""
    idle_seconds: int = 900
    """After this long without a call a running model gives its memory back; 0: never."""
    unit_queue: int = 8
    """Requests that may wait or run in one inference unit before it counts as full."""
    max_projects: int = 100
    max_versions: int = 100
    """Model versions in a project."""
    max_trainings: int = 2
    """Trainings of an account that are waiting or running."""
    max_running: int = 2
    """Models of an account that are starting or running."""
    max_units: int = 5
    """Inference units of one model."""
    hub_models: tuple[str, ...] = ()
    """Models of the Hugging Face hub, or folders with such models, that a training may name as its backbone."""
    log_level: str = "info"

    @property
    def database(self) -> str:
        """The URL of the database."""
        return self.database_url or f"sqlite:///{self.home / 'customlabels.db'}"

    @property
    def buckets(self) -> Path:
        """Where the buckets are folders."""
        return self.home / "buckets"

    @property
    def models(self) -> Path:
        """Where each trained version has its folder, unless models are at an S3 endpoint."""
        return self.home / "models"

    @property
    def address_file(self) -> Path:
        """Says where the server of this home is, while there is one."""
        return self.home / "server.json"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    def environment(self) -> dict[str, str]:
        """The variables that give these very settings to a process."""
        values = {f"{PREFIX}{f.name.upper()}": getattr(self, f.name) for f in fields(self)}
        return {name: ",".join(value) if isinstance(value, tuple) else str(value) for name, value in values.items()}

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None, **given: Any) -> Settings:
        """Settings from variables, with those `given` (that are not None) before them. Raises SettingError."""
        environment = os.environ if environment is None else environment
        known = {f"{PREFIX}{f.name.upper()}": f for f in fields(cls)}
        values: dict[str, Any] = {}
        for variable, entry in known.items():
            text = environment.get(variable, "").strip()
            if text:
                values[entry.name] = _parse(variable, str(entry.type), text)
        values.update({name: value for name, value in given.items() if value is not None})
        settings = cls(**values)
        if settings.engine not in ENGINES:
            raise SettingError(f"{PREFIX}ENGINE is {settings.engine!r}; it must be {' or '.join(ENGINES)}.")
        return replace(settings, home=Path(settings.home).expanduser().absolute())


def _parse(variable: str, kind: str, text: str) -> Any:
    match kind:
        case "int":
            if not text.isdecimal():
                raise SettingError(f"{variable} is {text!r}; it must be a whole number from 0 on.")
            return int(text)
        case "tuple[str, ...]":
            return tuple(part.strip() for part in text.split(",") if part.strip())
        case "Path":
            return Path(text)
        case _:
            return text
