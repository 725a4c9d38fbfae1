"""Pagination tokens: opaque, signed, and good only for the operation, resource and filters they were given for."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from customlabels.service.errors import InvalidPaginationTokenException

T = TypeVar("T")
_DIGEST_BYTES = 16


@dataclass(frozen=True)
class Pages:
    """Makes and reads tokens with a server's `key`. They stay good across restarts."""

    key: bytes

    def token(self, position: Any, *scope: Any) -> str:
        """A token for what comes after `position` (JSON) in the list that `scope` (JSON) describes."""
        content = json.dumps(position, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._digest(content, scope) + content).decode().rstrip("=")

    def position(self, token: str | None, *scope: Any) -> Any:
        """The position of a token; None for no token or an empty one. Raises InvalidPaginationTokenException."""
        if not token:
            return None
        try:
            decoded = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except ValueError as error:
            raise InvalidPaginationTokenException("Invalid Pagination Token") from error
        digest, content = decoded[:_DIGEST_BYTES], decoded[_DIGEST_BYTES:]
        if not hmac.compare_digest(digest, self._digest(content, scope)):
            raise InvalidPaginationTokenException("Invalid Pagination Token")
        return json.loads(content)

    def page(
        self, items: Sequence[T], limit: int, position: Callable[[T], Any], *scope: Any
    ) -> tuple[Sequence[T], dict[str, str]]:
        """The first `limit` of `items`, and `{"NextToken": ...}` where there are more (fetch one more than `limit`)."""
        if len(items) <= limit:
            return items, {}
        return items[:limit], {"NextToken": self.token(position(items[limit - 1]), *scope)}

    def _digest(self, content: bytes, scope: tuple[Any, ...]) -> bytes:
        bound = json.dumps(scope, separators=(",", ":"), sort_keys=True).encode()
        return hmac.digest(self.key, hashlib.sha256(bound).digest() + content, "sha256")[:_DIGEST_BYTES]
