"""From s3://bucket/key to the bytes of an image, with the rights of whoever asked for the training."""

from __future__ import annotations

from customlabels.manifest.opener import S3
from customlabels.service.access.caller import Caller
from customlabels.store.objects import ObjectError, Objects, StoreUnavailable

MAX_BYTES = 15 * 1024 * 1024


class Pictures:
    """Reads images, and counts: `asked` for, `opened`, and `refused` because the caller may not read them."""

    def __init__(self, objects: Objects, caller: Caller) -> None:
        self._objects = objects
        self._caller = caller
        self._owned: dict[str, bool] = {}
        self.asked = 0
        self.opened = 0
        self.refused = 0

    def read(self, source_ref: str) -> bytes:
        """The bytes of an image. Raises OSError where it cannot be read, StoreUnavailable where nothing can."""
        bucket, _, key = source_ref.removeprefix(S3).partition("/")
        self.asked += 1
        if not self._may_read(bucket, key):
            self.refused += 1
            raise PermissionError(f"{self._caller.arn} may not read it")
        try:
            content = self._objects.read(bucket, key, MAX_BYTES)
        except StoreUnavailable:
            raise
        except ObjectError as error:
            raise OSError(str(error)) from error
        self.opened += 1
        return content

    def _may_read(self, bucket: str, key: str) -> bool:
        if bucket not in self._owned:
            try:
                self._owned[bucket] = self._objects.bucket(bucket).account == self._caller.account
            except StoreUnavailable:
                raise
            except ObjectError:
                self._owned[bucket] = False
        return self._owned[bucket] and self._caller.may("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")
