"""The engine of the settings: where a server's jobs are done, and where its models run."""

from __future__ import annotations

import os
from typing import Protocol

from customlabels.engine.fleet import Fleet
from customlabels.engine.placement import JobPlacement, ModelPlacement, Together
from customlabels.engine.workers import Workers
from customlabels.service.service import Service
from customlabels.service.worker import roles
from customlabels.settings import Settings


class Engine(Protocol):
    """Places the work of one server, until `close`."""

    def jobs(self, service: Service, home: str) -> JobPlacement:
        """Who does the jobs, in the name of the home of this id; not started yet."""
        ...

    def models(self, service: Service) -> ModelPlacement:
        """Who answers for running models."""
        ...

    def close(self) -> None: ...


def open_engine(settings: Settings) -> Engine:
    """Raises EngineError where it cannot be used."""
    return RayEngine(settings) if settings.engine == "ray" else LocalEngine()


class LocalEngine:
    """Everything in processes of this machine."""

    def jobs(self, service: Service, home: str) -> JobPlacement:
        return _workers(service, home)

    def models(self, service: Service) -> ModelPlacement:
        return Fleet(service.settings.unit_queue, service.settings.idle_seconds)

    def close(self) -> None:
        pass


class RayEngine:
    """Trainings and inference units on a Ray cluster; datasets are kept by a process of this machine."""

    def __init__(self, settings: Settings) -> None:
        from customlabels.engine.ray.cluster import Cluster

        self._cluster = Cluster(settings)

    def jobs(self, service: Service, home: str) -> JobPlacement:
        from customlabels.engine.ray.tasks import Tasks
        from customlabels.service.remote import train_next

        settings = service.settings
        workers = _workers(service, home, "data")
        if settings.training_workers == 0:
            return workers
        trainings = Tasks(
            f"{home}:training",
            "version.train",
            service.queue,
            train_next,
            settings.environment(),
            settings.ray_training_cores,
        )
        return Together([workers, trainings])

    def models(self, service: Service) -> ModelPlacement:
        from customlabels.engine.ray.fleet import RayFleet
        from customlabels.service.remote import model_folder

        settings = service.settings
        environment = settings.environment()
        return RayFleet(service.account, settings.unit_queue, settings.ray_unit_cores, model_folder, environment)

    def close(self) -> None:
        self._cluster.close()


def _workers(service: Service, home: str, *names: str) -> Workers:
    """Worker processes of these roles, or of all."""
    chosen = [role for role in roles(service.settings) if not names or role.name in names]
    return Workers(chosen, {**os.environ, **service.settings.environment()}, service.queue.release, home)
