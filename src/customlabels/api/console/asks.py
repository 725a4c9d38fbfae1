"""What a route of the console is given: who asks, with which parameters; and the checks of those."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, Protocol

from customlabels.api.console.attempts import Attempts
from customlabels.service.access.caller import Caller
from customlabels.service.access.sessions import Session
from customlabels.service.errors import InvalidParameterException
from customlabels.service.service import Service

_LONGEST = 100_000
_NO_TEXT = re.compile(r"[\0\ud800-\udfff]")
"""What JSON can say, and no database can store."""


class Examples(Protocol):
    """Sets of labelled images to begin with, of which projects can be made."""

    def catalogue(self) -> list[dict[str, Any]]:
        """What there is: Name, Title, Task, Description, Labels, Images, Licence, Source."""

    def create(self, service: Service, caller: Caller, name: str) -> dict[str, Any]:
        """Make a project with datasets of one of them; returns ProjectName and Source. Raises ServiceError."""


@dataclass(frozen=True)
class Fields:
    """Named values of a request: members of a JSON object, or parameters of a query."""

    values: Mapping[str, Any]

    def text(self, name: str, default: str | None = None, longest: int = _LONGEST) -> str:
        """Raises InvalidParameterException, also where there is no value and no default."""
        value = self.values.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            raise InvalidParameterException(f"{name} is {'missing' if value is None else 'no text'}.")
        if len(value) > longest:
            raise InvalidParameterException(f"{name} has {len(value):,} characters; at most {longest:,} are allowed.")
        if _NO_TEXT.search(value):
            raise InvalidParameterException(f"{name} has a character that no text has: NUL, or half of a pair.")
        return value

    def optional(self, name: str) -> str | None:
        return None if self.values.get(name) is None else self.text(name)

    def texts(self, name: str, most: int = 1000) -> list[str]:
        """A list of texts, empty where there is none. Raises InvalidParameterException."""
        return [Fields({name: item}).text(name) for item in self.items(name, most)]

    def items(self, name: str, most: int = 1000) -> Sequence[Any]:
        value = self.values.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or len(value) > most:
            raise InvalidParameterException(f"{name} must be a list of at most {most:,}.")
        return value

    def objects(self, name: str, most: int = 1000) -> list[Fields]:
        """A list of objects. Raises InvalidParameterException."""
        found = self.items(name, most)
        if not all(isinstance(item, dict) for item in found):
            raise InvalidParameterException(f"{name} must be a list of objects.")
        return [Fields(item) for item in found]

    def object(self, name: str) -> Fields:
        value = self.values.get(name)
        if not isinstance(value, dict):
            raise InvalidParameterException(f"{name} must be an object.")
        return Fields(value)

    def flag(self, name: str) -> bool:
        """A boolean, or `true` as a parameter of a query; false where there is none."""
        value = self.values.get(name, False)
        if value in (True, "true"):
            return True
        if value in (False, None, "false", ""):
            return False
        raise InvalidParameterException(f"{name} must be true or false.")

    def maybe(self, name: str) -> bool | None:
        """As `flag`, None where there is no value."""
        return None if self.values.get(name) in (None, "") else self.flag(name)

    def integer(self, name: str, least: int, most: int, default: int | None = None) -> int:
        """A whole number, or its digits as a parameter. Raises InvalidParameterException."""
        value = self.values.get(name)
        if value is None and default is not None:
            return default
        if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 19:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise InvalidParameterException(f"{name} must be a whole number from {least:,} to {most:,}.")
        return value


@dataclass(frozen=True)
class Ask:
    """A request of somebody who is signed in. `content` is the body where it is no JSON."""

    service: Service
    session: Session
    cookie: str
    query: Fields
    body: Fields
    attempts: Attempts
    examples: Examples | None = None
    content: IO[bytes] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def caller(self) -> Caller:
        return self.session.caller
