"""Opening a database, transactions, and what its errors mean for a person.

SQLite runs in WAL mode: readers never wait for the writer. It does not wait for the disk at every transaction
(``synchronous=NORMAL``): a killed program loses nothing; after a power cut the last moments may be missing, but never
half of anything, and what is missing is not marked as done either. Where that is not good enough (`durable`), it waits.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from audioqa.errors import StoreError

_T = TypeVar("_T")

BUSY = 30.0
"""Seconds that a transaction waits for another process that writes to the same SQLite file."""

_TRIES = 5
"""Times that a transaction is tried which PostgreSQL broke off because of another one."""

_BROKEN_OFF = ("40001", "40P01", "23503")
"""SQLSTATE: serialisation failure, deadlock, and a row that another transaction took away in between."""


def database_url(url: str) -> URL:
    """The URL of a database; a plain path means SQLite.

    Raises
    ------
    StoreError
        Where it is of another kind of database, or none at all.
    """
    if "://" not in url:
        return URL.create("sqlite", database=url)
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreError(
            f"{_shown(url)}: no URL of a store: name a file, or postgresql://user@host/name", "url"
        ) from None
    kind = parsed.drivername.partition("+")[0]
    if kind == "sqlite":
        return parsed.set(drivername="sqlite")
    if kind in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    raise StoreError(f"{_shown(url)}: a store is SQLite (a file) or PostgreSQL, not {kind}", "url")


def connect(url: str, *, create: bool, busy: float = BUSY, durable: bool = False) -> Engine:
    """The engine for a store; nothing is read yet.

    Parameters
    ----------
    url
        A file, ``sqlite:///file`` or ``postgresql://...``.
    create
        Whether an SQLite file may be made where there is none.
    busy
        Seconds to wait for others who write to the same SQLite file.
    durable
        Whether SQLite waits for the disk at every transaction.

    Raises
    ------
    StoreError
        Where there is no such folder or file, or the driver is not installed.
    """
    parsed = database_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed, create=create, busy=busy, durable=durable)
    try:
        return create_engine(
            parsed, pool_pre_ping=True, connect_args={"connect_timeout": 10, "application_name": "audioqa"}
        )
    except ImportError:
        raise StoreError(
            "PostgreSQL needs the package psycopg: python -m pip install 'audioqa[postgresql]'", "url"
        ) from None


def _sqlite(url: URL, *, create: bool, busy: float, durable: bool) -> Engine:
    path = Path(url.database or "")
    if not url.database or url.database == ":memory:":
        raise StoreError("a store is kept in a file: name one", "url")
    if path.is_dir():
        raise StoreError(f"{path} is a folder: name a file in it, such as {path / 'calls.db'}", "url")
    if not path.exists():
        if not path.absolute().parent.is_dir():
            raise StoreError(f"{path}: there is no folder {path.parent}", "missing")
        if not create:
            raise StoreError(f"{path}: there is no store; audioqa batch makes one", "missing")
    engine = create_engine(url, connect_args={"timeout": busy})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: object) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver's guess
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        cursor.execute("PRAGMA secure_delete = ON")
        cursor.execute("PRAGMA cache_size = -65536")
        cursor.execute("PRAGMA wal_autocheckpoint = 8000")  # pages: every 32 MB the disk is waited for
        if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            cursor.execute("PRAGMA journal_mode = WAL")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # Whoever means to write says so at once: a reader that turns writer could not wait for its turn.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """One reading transaction: it sees the store as it was when it began.

    Raises
    ------
    StoreError
        Where the database fails.
    """
    with translated(engine), engine.connect() as connection, connection.begin():
        yield connection


def writing(engine: Engine, work: Callable[[Connection], _T]) -> _T:
    """Do all of `work` in one transaction, or nothing of it.

    Parameters
    ----------
    engine
        The store's.
    work
        Called with the connection; again where PostgreSQL broke the transaction off because of another one.

    Raises
    ------
    StoreError
        Where the database fails; nothing has been written then.
    """
    with translated(engine):
        for attempt in range(1, _TRIES + 1):
            try:
                with engine.connect().execution_options(writes=True) as connection, connection.begin():
                    return work(connection)
            except DBAPIError as error:
                if attempt == _TRIES or getattr(error.orig, "sqlstate", None) not in _BROKEN_OFF:
                    raise
                time.sleep(0.02 * attempt)
        raise AssertionError("unreachable")


def tidy(engine: Engine) -> None:
    """Let SQLite look at its tables again, as PostgreSQL does by itself, so that it goes on choosing the right index.

    Raises
    ------
    StoreError
        Where the database fails.
    """
    if engine.dialect.name == "sqlite":
        with translated(engine), engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert raw is not None  # noqa: S101
            raw.execute("PRAGMA analysis_limit = 1000")  # rows of each index: a moment, however many there are
            raw.execute("PRAGMA optimize")


def forget(engine: Engine) -> None:
    """Let what was deleted from SQLite leave its log too, as soon as nobody reads it any more."""
    if engine.dialect.name == "sqlite":
        with translated(engine), engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert raw is not None  # noqa: S101
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


@contextmanager
def translated(engine: Engine) -> Iterator[None]:
    """Turn what the database says into a `StoreError` that says what to do."""
    try:
        yield
    except DBAPIError as error:
        raise _explained(engine.url, error) from error
    except SQLAlchemyError as error:
        raise StoreError(f"{_name(engine.url)}: {_first_line(error)}") from error
    except sqlite3.Error as error:
        raise StoreError(f"{_name(engine.url)}: {_first_line(error)}") from error


_SQLITE: tuple[tuple[str, str, str], ...] = (
    ("locked", "locked", "another program is writing to it; wait for it, or end it"),
    ("disk is full", "disk-full", "the disk is full: make room, then start again; nothing is lost"),
    ("readonly", "read-only", "it cannot be written: check the owner and the permissions of the file and its folder"),
    ("unable to open", "missing", "it cannot be opened: check that its folder exists and may be written"),
    ("not a database", "url", "this file is no store of audioqa: name another"),
    ("malformed", "database", "the file is damaged: restore it from a backup, or score into a new one"),
    ("disk I/O error", "disk-full", "the disk cannot be written or read: it may be full, or gone"),
)

_POSTGRESQL: tuple[tuple[str, str, str], ...] = (
    ("53100", "disk-full", "the server's disk is full: make room, then start again; nothing is lost"),
    ("53300", "gone", "the server takes no more connections"),
    ("55P03", "locked", "another program holds a lock; wait for it, or end it"),
    ("28", "url", "the server refuses this user: check name and password"),
    ("3D000", "missing", "there is no such database: make it first (createdb)"),
    ("42501", "read-only", "this user may not write to the database, or not make tables in it"),
    ("25006", "read-only", "the server takes no changes: it may be a replica"),
    ("57P", "gone", "the server is shutting down or starting"),
    ("08", "gone", "the server does not answer: check that it runs and can be reached"),
)
"""By the beginning of the SQLSTATE."""


def _explained(url: URL, error: DBAPIError) -> StoreError:
    text = str(error.orig)
    if url.get_backend_name() == "sqlite":
        for part, kind, advice in _SQLITE:
            if part in text:
                return StoreError(f"{_name(url)}: {advice}", kind)
        return StoreError(f"{_name(url)}: {_first_line(error.orig)}")
    state = getattr(error.orig, "sqlstate", None) or ""
    for code, kind, advice in _POSTGRESQL:
        if state.startswith(code):
            return StoreError(f"{_name(url)}: {advice} ({_first_line(error.orig)})", kind)
    if "does not exist" in text and "database" in text and not state:
        return StoreError(f"{_name(url)}: there is no such database: make it first (createdb)", "missing")
    if "authentication failed" in text or "no password supplied" in text:
        return StoreError(f"{_name(url)}: the server refuses this user: check name and password", "url")
    if error.connection_invalidated or not state:
        return StoreError(
            f"{_name(url)}: the server does not answer: check that it runs ({_first_line(error.orig)})", "gone"
        )
    return StoreError(f"{_name(url)}: {_first_line(error.orig)}")


def _name(url: URL) -> str:
    """The store in a message: never with a password."""
    return (url.database or "") if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)


def _shown(url: str) -> str:
    return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", url)


def _first_line(error: object) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
