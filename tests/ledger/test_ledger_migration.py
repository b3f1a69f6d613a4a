"""The schema comes from migrations alone, whoever runs them and however often."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy.exc import DBAPIError

from ledger import DatabaseUnusableError, Entry, Ledger
from ledger.database import Database
from ledger.schema import metadata


def test_migrations_make_the_tables_that_the_code_knows(url: str) -> None:
    database = Database(url)
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    database.close()


def test_a_ledger_is_ready_once_migrated(empty_url: str) -> None:
    ledger = Ledger.open(empty_url)
    assert not ledger.ready()
    with pytest.raises(DBAPIError):
        ledger.append(Entry("k", "step", "hr"))
    Ledger.migrate(empty_url)
    assert ledger.ready()
    ledger.append(Entry("k", "step", "hr"))
    Ledger.migrate(empty_url)
    assert ledger.verify().checked == 1
    ledger.close()


def test_several_may_migrate_at_once(empty_url: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(Ledger.migrate, [empty_url] * 8))
    ledger = Ledger.open(empty_url)
    assert ledger.ready()
    ledger.close()


@pytest.mark.parametrize("url", ["postgresql://jml:letmein@127.0.0.1:1/none", "nonsense", "mysql://jml:letmein@x/y"])
def test_a_database_that_cannot_be_used_is_one_line_without_its_password(url: str) -> None:
    with pytest.raises(DatabaseUnusableError) as caught:
        Ledger.migrate(url)
    assert "cannot be used" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "letmein" not in str(caught.value)


def test_a_database_that_is_away_is_not_ready() -> None:
    ledger = Ledger.open("postgresql://nobody@127.0.0.1:1/none")
    assert not ledger.ready()
    ledger.close()


def test_sqlite_writes_ahead_and_syncs_as_told(tmp_path: object) -> None:
    for full_sync, level in ((False, 1), (True, 2)):
        database = Database(f"sqlite:///{tmp_path}/ledger.db", full_sync=full_sync)
        with database.read() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == level
        database.close()
