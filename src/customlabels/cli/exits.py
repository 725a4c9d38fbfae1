"""What the exit codes mean."""

from __future__ import annotations

OK = 0
FAILED = 1
USAGE = 2
DATA = 3
CANCELLED = 130  # 128 + SIGINT, as shells report it

MEANINGS = {
    OK: "done",
    FAILED: "failed (a model that cannot be read, no disk space, a missing package)",
    USAGE: "wrong usage",
    DATA: "the data or an image has a problem, which is named",
    CANCELLED: "cancelled with Ctrl-C",
}


class UsageError(Exception):
    """What was asked for cannot be meant; the text says why and what to ask for instead."""


class DataError(Exception):
    """Data that a command was given cannot be used; the text names the thing, the limit and the remedy."""


def code_for(error: Exception) -> int | None:
    """The exit code for an error whose text is meant for the user; None for a defect of ours, worth a traceback."""
    from customlabels.engine.placement import EngineError
    from customlabels.home import HomeInUse
    from customlabels.imaging.images import ImageError
    from customlabels.manifest.problems import DatasetError
    from customlabels.service.access.policies import PolicyError
    from customlabels.service.access.users import AccessError
    from customlabels.service.errors import ServiceError
    from customlabels.settings import SettingError
    from customlabels.store.backup import BackupError
    from customlabels.store.database import DatabaseUnavailable
    from customlabels.store.migrations import DatabaseTooNew
    from customlabels.store.objects import ObjectError
    from customlabels.store.rows import DatabaseNotEmpty
    from customlabels.vision.model import ModelError
    from customlabels.vision.preparing import TrainingError
    from customlabels.vision.progress import Cancelled
    from customlabels.vision.runtime import RuntimeMissing
    from customlabels.vision.weights import WeightsError

    match error:
        case Cancelled():
            return CANCELLED
        case UsageError() | AccessError() | PolicyError() | ServiceError() | SettingError():
            return USAGE
        case DataError() | DatasetError() | ImageError() | TrainingError():
            return DATA
        case (
            HomeInUse()
            | EngineError()
            | BackupError()
            | DatabaseNotEmpty()
            | DatabaseTooNew()
            | DatabaseUnavailable()
            | ObjectError()
        ):
            return FAILED
        case ModelError() | RuntimeMissing() | WeightsError() | OSError():
            return FAILED
        case _:
            return None
