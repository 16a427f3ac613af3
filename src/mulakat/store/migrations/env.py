"""What Alembic runs for each command: our open transaction, on our tables."""

from alembic import context

from mulakat.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite can roll back DDL; Alembic's default does not trust the driver's own BEGIN,
    # which mulakat.store.engine turns off.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
