"""The console's own routes: method and path below /console/api/ to what answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import Response

from customlabels.api.console import account, data, models
from customlabels.api.console.asks import Ask
from customlabels.service.labelling.uploads import MAX_UPLOAD_BYTES

Route = Callable[[Ask], dict[str, Any] | Response]

MAX_ARCHIVE_BYTES = 4 * 1024**3

ROUTES: Mapping[tuple[str, str], Route] = {
    ("GET", "me"): account.describe,
    ("POST", "me/password"): account.change_password,
    ("GET", "users"): account.list_users,
    ("POST", "users"): account.add_user,
    ("GET", "user"): account.describe_user,
    ("POST", "user/invite"): account.invite_user,
    ("POST", "user/remove"): account.remove_user,
    ("POST", "user/sign-out"): account.sign_out_user,
    ("POST", "user/attach"): account.attach_policy,
    ("POST", "user/detach"): account.detach_policy,
    ("GET", "keys"): account.list_keys,
    ("POST", "keys"): account.create_key,
    ("POST", "keys/disable"): account.disable_key,
    ("GET", "audit"): account.audit,
    ("GET", "images"): data.list_images,
    ("POST", "images/find"): data.find_images,
    ("POST", "images/labels"): data.assign_labels,
    ("POST", "images/boxes"): data.draw_boxes,
    ("POST", "images/remove"): data.remove_images,
    ("PUT", "images/upload"): data.upload_image,
    ("GET", "image"): data.show_image,
    ("GET", "thumbnail"): data.show_thumbnail,
    ("GET", "labels"): data.list_labels,
    ("POST", "labels"): data.add_labels,
    ("POST", "labels/import"): data.import_labels,
    ("POST", "labels/rename"): data.rename_label,
    ("POST", "labels/colour"): data.colour_label,
    ("POST", "labels/delete"): data.delete_label,
    ("PUT", "archives"): data.upload_archive,
    ("POST", "datasets"): data.create_dataset,
    ("GET", "manifest"): data.download_manifest,
    ("GET", "folders"): data.list_folders,
    ("POST", "projects/delete"): models.delete_project,
    ("GET", "training"): models.progress,
    ("POST", "training/cancel"): models.cancel_training,
    ("GET", "evaluation"): models.evaluation,
    ("GET", "test-images"): models.test_images,
    ("GET", "comparison"): models.compare,
    ("GET", "model"): models.download_model,
    ("GET", "object"): models.download_object,
    ("GET", "examples"): models.list_examples,
    ("POST", "examples"): models.create_example,
}

UPLOADS: Mapping[tuple[str, str], int] = {
    ("PUT", "images/upload"): MAX_UPLOAD_BYTES,
    ("PUT", "archives"): MAX_ARCHIVE_BYTES,
}
"""Routes whose body is a file, and how many bytes it may have."""

MANY = frozenset({"Label"})
"""Parameters of a query that may come more than once."""
