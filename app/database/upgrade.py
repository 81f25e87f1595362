"""Brings the tables of plugins up to date, in the quickest way there is."""

from __future__ import annotations

from collections.abc import Mapping

from app.database.heads import behind
from app.database.new_tables import make_new
from app.interfaces import Database


async def bring_up_to_date(database: Database, packages: Mapping[str, str]) -> dict[str, list[str]]:
    """Plugin id → package that holds its revisions. Gives the revisions that were applied, by plugin; plugins that
    were up to date are left out.

    A database that is up to date costs a look at each version table, a new one few statements; Alembic is loaded for
    what is left.
    """
    late = {plugin: packages[plugin] for plugin in await behind(database, packages)}
    applied = await make_new(database, late)
    if rest := {plugin: package for plugin, package in late.items() if plugin not in applied}:
        from app.database.migrations import migrate

        applied |= await migrate(database.engine, rest)
    return applied
