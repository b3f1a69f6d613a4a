"""Connections to SQLite and PostgreSQL, and the two kinds of transaction the ledger has."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL

BUSY_MS = 30_000
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")


def _full_url(url: str) -> URL:
    parsed = make_url(url)
    if parsed.drivername in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    return parsed


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    """Switch a new database file to write-ahead logging, which it then keeps.

    SQLite refuses the switch at once, whatever the busy timeout, while another process looks at the file.
    """
    give_up = time.monotonic() + BUSY_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.02)


def _sqlite_engine(url: URL, full_sync: bool) -> Engine:
    engine = create_engine(url)

    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver's guess
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        _write_ahead(cursor)
        cursor.execute(f"PRAGMA synchronous={'FULL' if full_sync else 'NORMAL'}")
        cursor.close()

    def begun(connection: Connection) -> None:
        # A deferred transaction that turns into a writer fails at once when another wrote meanwhile, whatever the
        # timeout; so writers say from the start that they are.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
    return engine


class Database:
    """One engine; ``write()`` and ``read()`` are its transactions."""

    def __init__(self, url: str, *, full_sync: bool = False) -> None:
        """Connects on first use. ``full_sync``: SQLite waits for the disk, so that a power cut loses nothing."""
        full = _full_url(url)
        self.sqlite = full.get_backend_name() == "sqlite"
        if self.sqlite:
            self.engine = _sqlite_engine(full, full_sync)
        else:
            self.engine = create_engine(full, pool_pre_ping=True)
        # SQLite's own waiting is a poll; threads of one process queue here instead.
        self._turn: Lock | nullcontext[None] = Lock() if self.sqlite else nullcontext()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may write; on SQLite the only one."""
        with self._turn, self.engine.connect() as plain:
            connection = plain.execution_options(writes=True)
            with connection.begin():
                yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads; it waits for nobody and holds nobody up."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    def lock(self, connection: Connection, name: str) -> None:
        """Hold ``name`` until the transaction ends; SQLite's single writer needs nothing more."""
        if not self.sqlite:
            connection.execute(_LOCK, {"name": name})

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()
