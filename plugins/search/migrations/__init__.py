"""Alembic revisions of the search plugin."""
