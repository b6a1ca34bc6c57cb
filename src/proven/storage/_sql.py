"""Application SQL: what it may do, how its values are bound, and what may come out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import apsw

from proven.storage import _sql_functions
from proven.storage._watchdog import Watch
from proven.storage._writer import Unit
from proven.storage.config import StorageConfig
from proven.storage.records import ExecuteResult, Rows, SqlParameters, SqlValue
from proven.wire.errors import ErrorCode, ProvenError

_INT64 = 2**63
_CACHED_STATEMENT = 4096

_FUNCTION_NAMES = """
-> ->> abs acos acosh asin asinh atan atan2 atanh avg bm25 ceil ceiling changes char coalesce concat
concat_ws cos cosh count cume_dist current_date current_time current_timestamp date datetime degrees
dense_rank exp first_value floor format fts5_get_locale fts5_insttoken fts5_locale glob group_concat hex
highlight if ifnull iif instr json json_array json_array_insert json_array_length json_error_position
json_extract json_group_array json_group_object json_insert json_object json_pretty json_quote
json_remove json_replace json_set json_type json_valid jsonb jsonb_array jsonb_array_insert jsonb_extract
jsonb_group_array jsonb_group_object jsonb_insert jsonb_object jsonb_remove jsonb_replace
jsonb_set julianday lag last_insert_rowid last_value lead length like likelihood likely ln log log10 log2
lower ltrim match max median min mod nth_value ntile nullif octet_length percent_rank percentile
percentile_cont percentile_disc pi pow power printf quote radians random randomblob rank replace round
row_number rtrim sign sin sinh snippet sqlite_version sqrt strftime string_agg substr substring subtype
sum tan tanh time timediff total total_changes trim trunc typeof unhex unicode unistr unistr_quote
unixepoch unlikely upper zeroblob
"""
_FUNCTIONS = frozenset(_FUNCTION_NAMES.split())
"""Every SQL function there is, less those that load code, log to the host or tell about the encryption, and
less `json_patch`, which takes time by the product of its arguments' lengths and cannot be interrupted."""

_ALTER_FUNCTIONS = (
    "sqlite_rename_",
    "sqlite_drop_column",
    "sqlite_fail",
    "sqlite_add_",
    "sqlite_find_",
    "sqlite_drop_",
)
"""Internal functions that ALTER TABLE uses; SQLite refuses them in anybody's own statements."""

_READ_PRAGMAS = frozenset({"data_version", "page_size"})
"""What full-text and r-tree search ask for when they run; to anybody it is readable and no more."""

_MODULES = frozenset({"fts5", "fts5vocab", "rtree", "rtree_i32"})
_SCHEMA_TABLES = frozenset({"sqlite_master", "sqlite_schema", "sqlite_sequence"})
_HIDDEN_TABLES = frozenset(
    {"dbstat", "bytecode", "tables_used", "carray", "fts3tokenize", "completion", "fsdir"}
)

_ALLOWED = frozenset(
    {
        apsw.SQLITE_SELECT,
        apsw.SQLITE_RECURSIVE,
        apsw.SQLITE_CREATE_TABLE,
        apsw.SQLITE_CREATE_INDEX,
        apsw.SQLITE_CREATE_VIEW,
        apsw.SQLITE_CREATE_TRIGGER,
        apsw.SQLITE_DROP_TABLE,
        apsw.SQLITE_DROP_INDEX,
        apsw.SQLITE_DROP_VIEW,
        apsw.SQLITE_DROP_TRIGGER,
        apsw.SQLITE_ALTER_TABLE,
        apsw.SQLITE_REINDEX,
        apsw.SQLITE_ANALYZE,
    }
)
_ON_TABLES = frozenset({apsw.SQLITE_READ, apsw.SQLITE_INSERT, apsw.SQLITE_UPDATE, apsw.SQLITE_DELETE})


class Authorizer:
    """Decides, while a statement is compiled, whether an application may run it. Denies what is not listed.

    1. Tables, indexes, views, triggers and queries of the file itself: yes. Temporary ones: no, because
       connections are shared between invocations.
    2. ATTACH, DETACH, VACUUM (which attaches) and every PRAGMA: no. So the file is the only one there is.
       Two pragmas can be read, because virtual tables read them.
    3. BEGIN, COMMIT, ROLLBACK, SAVEPOINT: no; transactions belong to the store, which bounds and ends them.
    4. Functions by list; virtual tables of full-text and r-tree search, JSON's table functions; nothing that
       shows pages, statements or memory.

    Enforced only while application SQL runs; the store's own statements on the same connection are compiled
    apart and never share a statement cache with it.
    """

    def __init__(self) -> None:
        self._enforcing = False
        self.denied: str | None = None
        """What the last statement wanted that is denied."""

    @contextmanager
    def enforced(self) -> Iterator[None]:
        """Hold what is compiled inside to the rules."""
        self._enforcing, self.denied = True, None
        try:
            yield
        finally:
            self._enforcing = False

    def __call__(
        self, action: int, first: str | None, second: str | None, database: str | None, _: str | None
    ) -> int:
        """SQLite's authorizer callback."""
        if not self._enforcing or self._allows(action, first or "", second or "", database):
            return apsw.SQLITE_OK
        if self.denied is None:
            name = apsw.mapping_authorizer_function.get(action, "SQLITE_?")
            self.denied = " ".join(filter(None, (str(name).removeprefix("SQLITE_"), first, second)))[:200]
        return apsw.SQLITE_DENY

    def _allows(self, action: int, first: str, second: str, database: str | None) -> bool:
        if database == "temp":  # always empty; ALTER looks there
            return first == "sqlite_temp_master" and action in (apsw.SQLITE_READ, apsw.SQLITE_UPDATE)
        if action in _ALLOWED:
            return True
        if action in _ON_TABLES:
            return _allows_table(first.lower())
        if action == apsw.SQLITE_FUNCTION:
            name = second.lower()
            return name in _FUNCTIONS or name.startswith(_ALTER_FUNCTIONS)
        if action in (apsw.SQLITE_CREATE_VTABLE, apsw.SQLITE_DROP_VTABLE):
            return second.lower() in _MODULES
        return action == apsw.SQLITE_PRAGMA and first in _READ_PRAGMAS and not second


def _allows_table(name: str) -> bool:
    if name.startswith("sqlite_"):
        return name in _SCHEMA_TABLES or name.startswith("sqlite_stat")
    return not name.startswith("pragma_") and name not in _HIDDEN_TABLES


def protect(connection: apsw.Connection, config: StorageConfig) -> Authorizer:
    """Prepare a connection for application SQL."""
    for setting, value in (
        (apsw.SQLITE_DBCONFIG_DEFENSIVE, 1),
        (apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0),
        (apsw.SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0),
        (apsw.SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0),
        (apsw.SQLITE_DBCONFIG_ENABLE_FKEY, 1),
    ):
        connection.config(setting, value)
    for limit, value in (
        (apsw.SQLITE_LIMIT_ATTACHED, 0),
        (apsw.SQLITE_LIMIT_LENGTH, config.max_row_bytes),
        (apsw.SQLITE_LIMIT_SQL_LENGTH, config.max_statement_bytes),
        (apsw.SQLITE_LIMIT_EXPR_DEPTH, 200),
        (apsw.SQLITE_LIMIT_COMPOUND_SELECT, 200),
        (apsw.SQLITE_LIMIT_VDBE_OP, 1_000_000),
        (apsw.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 200),
        (apsw.SQLITE_LIMIT_FUNCTION_ARG, 127),
        (apsw.SQLITE_LIMIT_TRIGGER_DEPTH, 32),
        (apsw.SQLITE_LIMIT_WORKER_THREADS, 0),
    ):
        connection.limit(limit, value)
    _sql_functions.install(connection, config.max_row_bytes)
    authorizer = Authorizer()
    connection.authorizer = authorizer
    return authorizer


class SqlSession:
    """Runs application SQL on one connection, in a thread that has the connection to itself."""

    def __init__(self, connection: apsw.Connection, authorizer: Authorizer, config: StorageConfig) -> None:
        self._connection = connection
        self._authorizer = authorizer
        self._config = config

    def query(self, sql: str, parameters: SqlParameters, watch: Watch) -> Rows:
        """Run one statement that reads. Raises `SQL_ERROR` for one that writes."""
        return self._run(sql, parameters, watch, _Observer(read_only=True)) or Rows([], [])

    def execute(self, unit: Unit, sql: str, parameters: SqlParameters, watch: Watch) -> ExecuteResult:
        """Run one statement of any kind."""
        observer = _Observer()
        before = self._connection.total_changes()
        rows = self._run(sql, parameters, watch, observer)
        unit.written = unit.written or observer.writes
        changed = self._connection.total_changes() != before
        return ExecuteResult(
            self._connection.changes() if changed else 0, self._connection.last_insert_rowid(), rows
        )

    def script(self, unit: Unit, sql: str, watch: Watch) -> None:
        """Run any number of statements without parameters, for migrations."""
        self._run(sql, (), watch, _Observer(many=True))
        unit.written = True

    def _run(self, sql: str, parameters: SqlParameters, watch: Watch, observer: _Observer) -> Rows | None:
        self._check_text(sql)
        bindings = bind(parameters, self._config.max_row_bytes)
        cursor = self._connection.cursor()
        cursor.exec_trace = observer
        try:
            with self._authorizer.enforced(), watch.running(self._connection):
                rows = self._collect(cursor.execute(sql, bindings, can_cache=len(sql) < _CACHED_STATEMENT))
        except (apsw.AuthError, apsw.SQLError):
            if self._authorizer.denied is None:
                raise
            raise ProvenError(
                ErrorCode.SQL_DENIED, f"the statement is not allowed: {self._authorizer.denied}"
            ) from None
        except apsw.InterruptError:
            raise watch.error() from None
        except KeyError as error:
            raise ProvenError(ErrorCode.BAD_REQUEST, f"the parameter :{error.args[0]} is missing") from None
        finally:
            cursor.close(True)
        return Rows(observer.columns, rows) if observer.columns else None

    def _check_text(self, sql: str) -> None:
        try:
            encoded = sql.encode()
        except UnicodeEncodeError:
            raise ProvenError(
                ErrorCode.BAD_REQUEST, "the statement holds a lone surrogate, which is no text"
            ) from None
        if len(encoded) > self._config.max_statement_bytes:
            raise ProvenError(
                ErrorCode.TOO_LARGE, f"the statement is longer than {self._config.max_statement_bytes} bytes"
            )
        if b"\0" in encoded:
            raise ProvenError(ErrorCode.BAD_REQUEST, "the statement holds a NUL character")

    def _collect(self, cursor: apsw.Cursor) -> list[tuple[SqlValue, ...]]:
        rows: list[tuple[SqlValue, ...]] = []
        size = 0
        for row in cursor:
            size += sum(len(value) if isinstance(value, str | bytes) else 8 for value in row)
            if len(rows) >= self._config.max_result_rows or size > self._config.max_result_bytes:
                raise ProvenError(
                    ErrorCode.TOO_LARGE,
                    f"the result has more than {self._config.max_result_rows} rows or "
                    f"{self._config.max_result_bytes} bytes: read it in pages with LIMIT",
                )
            rows.append(row)
        return rows


class _Observer:
    """Sees each compiled statement before it runs, and refuses what the call is not for."""

    def __init__(self, *, read_only: bool = False, many: bool = False) -> None:
        self.columns: list[str] = []
        self.writes = False
        self._read_only = read_only
        self._many = many
        self._statements = 0

    def __call__(self, statement: apsw.Cursor, _text: str, _bindings: object) -> bool:
        if not statement.has_vdbe:  # nothing but space and comments
            return True
        self._statements += 1
        if self._statements > 1 and not self._many:
            raise ProvenError(ErrorCode.SQL_DENIED, "one call runs one statement: use batch for several")
        if not statement.is_readonly:
            if self._read_only:
                raise ProvenError(
                    ErrorCode.SQL_ERROR,
                    "a query only reads: use execute for a statement that writes",
                    details={"writes": True},
                )
            self.writes = True
        self.columns = [column[0] for column in statement.get_description()]
        return True


def bind(parameters: SqlParameters, max_bytes: int) -> Sequence[SqlValue] | dict[str, SqlValue]:
    """Parameters as SQLite takes them, positional or named (with or without the `:`, `@` or `$`)."""
    if isinstance(parameters, Mapping):
        return {
            str(name).lstrip(":@$"): _value(value, f":{name}", max_bytes)
            for name, value in parameters.items()
        }
    return tuple(_value(value, str(index + 1), max_bytes) for index, value in enumerate(parameters))


def _value(value: object, name: str, max_bytes: int) -> SqlValue:
    if value is None or isinstance(value, float):
        return value
    if isinstance(value, bool | int):
        if not -_INT64 <= value < _INT64:
            raise ProvenError(ErrorCode.BAD_REQUEST, f"parameter {name} is an integer of more than 64 bits")
        return int(value)
    if isinstance(value, str | bytes):
        if len(value) > max_bytes:
            raise ProvenError(ErrorCode.TOO_LARGE, f"parameter {name} is larger than {max_bytes} bytes")
        if isinstance(value, str):
            try:
                value.encode()
            except UnicodeEncodeError:
                raise ProvenError(
                    ErrorCode.BAD_REQUEST, f"parameter {name} holds a lone surrogate, which is no text"
                ) from None
        return value
    raise ProvenError(
        ErrorCode.BAD_REQUEST, f"parameter {name} is a {type(value).__name__}, which SQLite has no type for"
    )
