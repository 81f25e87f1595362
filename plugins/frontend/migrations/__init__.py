"""Alembic revisions of the frontend plugin."""
