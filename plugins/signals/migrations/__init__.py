"""Alembic revisions of the signals plugin."""
