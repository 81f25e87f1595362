"""Alembic revisions of the techdocs plugin."""
