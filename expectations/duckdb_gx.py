"""A SQLAlchemy dialect through which Great Expectations evaluates on an open DuckDB connection."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

import duckdb
from sqlalchemy import Connection, text, types
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.base import PGCompiler, PGIdentifierPreparer, PGTypeCompiler
from sqlalchemy.engine import URL, default
from sqlalchemy.engine.interfaces import ConnectArgsType, ReflectedColumn
from sqlalchemy.pool import NullPool, Pool
from sqlalchemy.sql.elements import BinaryExpression
from sqlalchemy.sql.operators import custom_op

registry.register("postgresql.duckdb_gx", __name__, "DuckDBDialect")

_open: dict[str, duckdb.DuckDBPyConnection] = {}
_names = count(1)


@contextmanager
def reachable(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """A URL under which SQLAlchemy reaches this very connection, temporary tables included.

    Nothing is copied and nothing is opened; after the block the URL leads nowhere.
    """
    name = f"connection_{next(_names)}"
    _open[name] = connection
    try:
        yield f"postgresql+duckdb_gx:///{name}"
    finally:
        del _open[name]


class _Cursor:
    """A cursor that holds its whole result.

    Great Expectations fetches after it has given the connection back, when DuckDB has dropped the result.
    """

    arraysize = 1

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._rows: list[tuple[Any, ...]] = []
        self.description: list[tuple[Any, ...]] | None = None
        self.rowcount = -1

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        result = self._connection.execute(statement, list(parameters))
        self.description = result.description
        self._rows = result.fetchall()

    def fetchone(self) -> tuple[Any, ...] | None:
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size: int = 1) -> list[tuple[Any, ...]]:
        taken, self._rows = self._rows[:size], self._rows[size:]
        return taken

    def fetchall(self) -> list[tuple[Any, ...]]:
        taken, self._rows = self._rows, []
        return taken

    def close(self) -> None:
        self._rows = []


class _Connection:
    """A borrowed connection: whoever opened it commits, rolls back and closes it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def cursor(self) -> _Cursor:
        return _Cursor(self._connection)

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def close(self) -> None: ...


class _Driver:
    """What SQLAlchemy asks of a driver's module."""

    paramstyle = "qmark"
    Error = duckdb.Error

    @staticmethod
    def connect(name: str) -> _Connection:
        if name not in _open:
            raise duckdb.ConnectionException(
                f"No open DuckDB connection is called {name!r}: use its URL within `with reachable(...)`."
            )
        return _Connection(_open[name])


class _Compiler(PGCompiler):
    """PostgreSQL's SQL, but for `~`: a partial match there, a full one in DuckDB."""

    def visit_custom_op_binary(
        self, element: BinaryExpression[object], operator: custom_op[object], **kw: object
    ) -> str:
        if operator.opstring not in ("~", "!~"):
            return str(super().visit_custom_op_binary(element, operator, **kw))
        matches = f"regexp_matches({self.process(element.left, **kw)}, {self.process(element.right, **kw)})"
        return f"not {matches}" if operator.opstring == "!~" else matches


class _Preparer(PGIdentifierPreparer):
    """Quotes every name: DuckDB reserves other words than PostgreSQL."""

    def _requires_quotes(self, value: str) -> bool:
        return True


_TYPES: dict[str, type[types.TypeEngine[Any]]] = {
    "BIGINT": types.BIGINT,
    "INTEGER": types.INTEGER,
    "BOOLEAN": types.BOOLEAN,
    "DATE": types.DATE,
    "TIMESTAMP": types.TIMESTAMP,
    "DOUBLE": types.DOUBLE,
    "DECIMAL": types.DECIMAL,
}


class DuckDBDialect(default.DefaultDialect):
    """DuckDB under PostgreSQL's name, for which Great Expectations knows regular expressions and types."""

    name = "postgresql"
    driver = "duckdb_gx"
    default_paramstyle = "qmark"
    statement_compiler = _Compiler
    type_compiler_cls = PGTypeCompiler
    preparer = _Preparer
    supports_native_boolean = True
    supports_statement_cache = True
    _backslash_escapes = False

    @classmethod
    def import_dbapi(cls) -> type[_Driver]:  # type: ignore[override]
        return _Driver

    @classmethod
    def get_pool_class(cls, url: URL) -> type[Pool]:
        return NullPool

    def create_connect_args(self, url: URL) -> ConnectArgsType:
        return ([url.database or ""], {})

    def initialize(self, connection: Connection) -> None:
        self.default_schema_name = "main"

    def has_table(self, connection: Connection, table_name: str, schema: str | None = None, **kw: object) -> bool:
        return bool(self.get_columns(connection, table_name, schema))

    def get_schema_names(self, connection: Connection, **kw: object) -> list[str]:
        return ["main"]

    def get_columns(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: object
    ) -> list[ReflectedColumn]:
        query = text(
            "select column_name, data_type, is_nullable from duckdb_columns() "
            "where table_name = :table order by column_index"
        )
        return [
            {
                "name": row.column_name,
                "type": _TYPES.get(row.data_type.split("(")[0], types.VARCHAR)(),
                "nullable": row.is_nullable,
                "default": None,
            }
            for row in connection.execute(query, {"table": table_name})
        ]
