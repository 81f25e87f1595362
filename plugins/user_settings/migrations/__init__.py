"""Alembic revisions of the user-settings plugin."""
