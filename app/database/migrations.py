"""Brings the schema up to date: one Alembic history per plugin, each with a version table of its own.

A plugin's package of revisions holds ordinary Alembic scripts (`revision`, `down_revision`, `upgrade()`); it needs no
`env.py`, since connections come from here. Histories are independent, so plugins may come and go.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.heads import version_table
from app.database.postgres import lock_number


def _scripts(package: str) -> ScriptDirectory:
    folder = str(files(package))
    config = Config()
    config.set_main_option("script_location", folder)
    config.set_main_option("version_locations", folder)
    config.set_main_option("path_separator", "newline")
    return ScriptDirectory.from_config(config)


def _upgrade(connection: Connection, plugin: str, package: str) -> list[str]:
    scripts = _scripts(package)
    applied: list[str] = []

    def steps(revision: Any, _context: Any) -> Any:
        found = scripts._upgrade_revs("head", revision)
        applied.extend(step.revision.revision for step in found if step.revision is not None)
        return found

    environment = EnvironmentContext(Config(), scripts, fn=steps)
    environment.configure(
        connection=connection, version_table=version_table(plugin), render_as_batch=connection.dialect.name == "sqlite"
    )
    environment.run_migrations()
    return applied


async def migrate(engine: AsyncEngine, packages: Mapping[str, str]) -> dict[str, list[str]]:
    """Upgrade every plugin's history to its head, all in one transaction.

    Args:
        packages: plugin id → package that holds its revisions.

    Returns:
        Plugin id → revisions that were applied now; plugins that were up to date are left out.
    """

    def upgrade_all(connection: Connection) -> dict[str, list[str]]:
        if connection.dialect.name == "postgresql":
            # Replicas that start at once migrate one after the other.
            connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": lock_number("migrations")})
        done = {plugin: _upgrade(connection, plugin, package) for plugin, package in packages.items()}
        return {plugin: applied for plugin, applied in done.items() if applied}

    async with engine.begin() as connection:
        return await connection.run_sync(upgrade_all)
