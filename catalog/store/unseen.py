"""Which entities nobody sees yet. By itself, so that who asks need not load the tables and all of SQLAlchemy."""

from typing import Final

UNSEEN: Final = "processed IS NULL OR stitch_error IS NOT NULL"
"""A condition on `catalog_refresh_state`, and its partial index's."""
