"""Alembic migrations; run by `mulakat.store.migrate`."""
