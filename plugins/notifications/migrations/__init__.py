"""Alembic revisions of the notifications plugin."""
