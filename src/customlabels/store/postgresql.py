"""PostgreSQL through pg8000. The driver lets a broken connection show in several ways; here they become one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.pg8000 import PGDialect_pg8000

T = TypeVar("T")


class Dialect(PGDialect_pg8000):
    """SQLAlchemy's dialect, with every failure of a connection as the driver's InterfaceError."""

    supports_statement_cache = True
    use_insertmanyvalues_wo_returning = True  # many rows a statement: the driver sends each row by itself

    def connect(self, *arguments: Any, **options: Any) -> Any:
        if "unix_sock" in options:
            options.setdefault("ssl_context", False)  # no TLS there, and the driver would load all authorities to ask
        try:
            return self._over_network(super().connect, *arguments, **options)
        except self.loaded_dbapi.InterfaceError as error:
            # The driver trips over the closed connection while it reports why the server closed it.
            cause: BaseException | None = error
            while cause := cause and cause.__context__:
                if cause.args and isinstance(cause.args[0], dict):
                    raise self.loaded_dbapi.ProgrammingError(cause.args[0]) from error
            raise

    def do_execute(self, cursor: Any, statement: Any, parameters: Any, context: Any = None) -> None:
        self._over_network(super().do_execute, cursor, statement, parameters, context)

    def do_executemany(self, cursor: Any, statement: Any, parameters: Any, context: Any = None) -> None:
        self._over_network(super().do_executemany, cursor, statement, parameters, context)

    def do_ping(self, dbapi_connection: Any) -> bool:
        return self._over_network(super().do_ping, dbapi_connection)

    def do_commit(self, dbapi_connection: Any) -> None:
        self._over_network(super().do_commit, dbapi_connection)

    def do_rollback(self, dbapi_connection: Any) -> None:
        self._over_network(super().do_rollback, dbapi_connection)

    def do_close(self, dbapi_connection: Any) -> None:
        with suppress(self.loaded_dbapi.InterfaceError, OSError):  # the other end has closed it already
            dbapi_connection.close()

    def _over_network(self, call: Callable[..., T], *arguments: Any, **options: Any) -> T:
        try:
            return call(*arguments, **options)
        except OSError as error:
            raise self.loaded_dbapi.InterfaceError("network error") from error  # as `is_disconnect` knows it


def register() -> None:
    """Have `postgresql+pg8000://` mean this dialect."""
    registry.register("postgresql.pg8000", __name__, Dialect.__name__)
