"""Puts an object old, new, and deletes it; ends as kill -9 would before the n-th call that changes a file.

Arguments: folder of buckets, URL of the database, key, n. Prints what was acknowledged, as it is.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from customlabels.store import Database
from customlabels.store.objects.folder import FolderObjects

CALLS = ("fsync", "mkdir", "rename", "replace", "rmdir", "unlink", "utime", "write")


def main(root: str, url: str, key: str, before: str) -> None:
    store = FolderObjects(Path(root), Database(url))
    store.put("photos", key, b"the old one", {"cache-control": "old"})
    left = int(before)

    def counted(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                os._exit(9)
            return original(*args, **options)

        return call

    print("old", flush=True)
    for name in CALLS:
        setattr(os, name, counted(getattr(os, name)))
    store.put("photos", key, b"the new", {"cache-control": "new"})
    print("new", flush=True)
    store.delete("photos", [key])
    print("deleted", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
