"""Alembic revisions of the GitHub plugin."""
