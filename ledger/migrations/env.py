"""Alembic's entry: the connection is handed in by ``ledger.migration``, which holds the transaction."""

from alembic import context

from ledger.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
