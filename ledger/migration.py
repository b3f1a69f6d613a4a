"""Bringing a database to this version's schema, by Alembic, without a configuration file."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from ledger.database import Database


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def migrate(database: Database) -> None:
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
