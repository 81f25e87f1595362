"""Alembic revisions of the events plugin."""
