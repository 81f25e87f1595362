"""Alembic revisions of the host's authentication."""
