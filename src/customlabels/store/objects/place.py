"""Which store of objects the settings name."""

from __future__ import annotations

from customlabels.settings import Settings
from customlabels.store.database import Database
from customlabels.store.objects import Objects


def open_objects(settings: Settings, database: Database) -> Objects:
    """The folder of buckets in the home, or an S3 endpoint where the settings name one."""
    if settings.s3_endpoint:
        from customlabels.store.objects.endpoint import EndpointObjects

        return EndpointObjects(settings, database, {settings.s3_models_bucket})
    from customlabels.store.objects.folder import FolderObjects

    return FolderObjects(settings.buckets, database)
