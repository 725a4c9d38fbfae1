"""The bucket that the console keeps its things in: one of each account, made when it is first needed."""

from __future__ import annotations

import secrets
from contextlib import suppress

from customlabels.service.service import Service
from customlabels.store.objects import BucketExists


def console_bucket(service: Service, account: str) -> str:
    """Its name, `custom-labels-console-REGION-` and ten digits, as AWS's console names its own."""
    prefix = f"custom-labels-console-{service.region}-"
    while True:
        mine = [bucket.name for bucket in service.objects.buckets(account) if bucket.name.startswith(prefix)]
        if mine:
            return mine[0]
        with suppress(BucketExists):
            service.objects.create_bucket(prefix + secrets.token_hex(5), account)
