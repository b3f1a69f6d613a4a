"""Bringing a database to this version's schema, by Alembic, without a configuration file."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from ledger.database import Database


class DatabaseUnusableError(Exception):
    """The database cannot be used: its address without the password, and why."""

    def __init__(self, url: str, error: Exception) -> None:
        """``error`` is what came of it."""
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[:1]
        super().__init__(f"{_without_password(url)}: cannot be used ({''.join(reason) or type(error).__name__})")


def _without_password(url: str) -> str:
    try:
        return make_url(url).render_as_string(hide_password=True)
    except SQLAlchemyError:
        return "…"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def migrate(url: str) -> None:
    """See :meth:`ledger.Ledger.migrate`."""
    try:
        database = Database(url)
        try:
            _upgrade(database)
        finally:
            database.close()
    except (SQLAlchemyError, CommandError, ImportError) as error:
        raise DatabaseUnusableError(url, error) from None


def _upgrade(database: Database) -> None:
    """Upgrade to the newest revision in one transaction; a second process waits and then finds nothing to do."""
    config = _config()
    with database.write() as connection:
        database.lock(connection, "migration")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def is_current(database: Database) -> bool:
    """Whether the database is at the newest revision."""
    with database.read() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    return current == ScriptDirectory.from_config(_config()).get_current_head()
