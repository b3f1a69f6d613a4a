"""What has to be there before the first process of a deployment starts: tables and a namespace."""

import asyncio

from embedded.child import Say
from embedded.readiness import running_cluster
from ledger import DatabaseUnusableError, Ledger
from settings import Settings, SettingsError


async def migrate(settings: Settings, say: Say) -> None:
    """Migrate the ledger; make the namespace if it is missing, register search attributes, set the retention.

    Harmless when repeated. Raises ``SettingsError`` if database or Temporal cannot be used.
    """
    await migrate_ledger(settings.database_url)
    say("ledger: up to date")
    await running_cluster(settings.temporal_target, settings.history_days)
    say(f"Temporal: namespace and search attributes are there, histories are kept {settings.history_days} days")


async def migrate_ledger(url: str) -> None:
    """Bring the ledger's tables up to date. Raises ``SettingsError`` naming the variable, without its password."""
    try:
        await asyncio.to_thread(Ledger.migrate, url)
    except DatabaseUnusableError as error:
        raise SettingsError(f"JML_DATABASE_URL={error}") from None
