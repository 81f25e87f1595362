"""The tables of plugins that a database knows nothing of yet, made without Alembic.

Loading Alembic and going through every revision would be a third of a first start. So a package of revisions may hold
`tables.sqlite.sql` and `tables.postgresql.sql`: its revisions in the first line, after `-- `, and then all that they
say to an empty database. Whoever has older tables, or a package without such files, is left to
`app.database.migrations`. `make tables` writes the files of this project, and its tests hold them against Alembic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Final, NamedTuple

from app.database.heads import heads_of, version_table
from app.database.postgres import lock_number
from app.interfaces import Database, Transaction

BETWEEN: Final = ";\n"
"""Stands between statements, and in none."""


class NewTables(NamedTuple):
    """`revisions` from the first to the newest."""

    revisions: Sequence[str]
    statements: Sequence[str]

    def text(self) -> str:
        return f"-- {' '.join(self.revisions)}\n" + "".join(one + BETWEEN for one in self.statements)


def file_name(dialect: str) -> str:
    return f"tables.{dialect}.sql"


def new_tables(package: str, dialect: str) -> NewTables | None:
    """What the package's file says; None where there is none, or it is older than the revisions beside it."""
    file = files(package) / file_name(dialect)
    if not file.is_file():
        return None
    head, _, rest = file.read_text(encoding="utf-8").partition("\n")
    found = NewTables(head.removeprefix("-- ").split(), rest.split(BETWEEN)[:-1])
    return found if heads_of(package) == {found.revisions[-1]} else None


async def make_new(database: Database, packages: Mapping[str, str]) -> dict[str, list[str]]:
    """Make the tables of those plugins that have none, all in one transaction.

    Args:
        packages: plugin id → package that holds its revisions.

    Returns:
        Plugin id → revisions whose tables were made; the other plugins are left out.
    """
    known = {plugin: new_tables(package, database.dialect) for plugin, package in packages.items()}
    if not any(known.values()):
        return {}
    async with database.write() as transaction:
        made: dict[str, list[str]] = {}
        statements: list[str] = []
        tables = await _tables(transaction)
        for plugin, new in known.items():
            table = version_table(plugin)
            if new is None or table in tables:
                continue
            made[plugin] = list(new.revisions)
            # As Alembic makes it, which goes on from here.
            statements += [
                f"CREATE TABLE {table} (version_num VARCHAR(32) NOT NULL,"
                f" CONSTRAINT {table}_pkc PRIMARY KEY (version_num))",
                f"INSERT INTO {table} (version_num) VALUES ('{new.revisions[-1]}')",  # noqa: S608 -- a file name's part
                *new.statements,
            ]
        # PostgreSQL takes them in one message.
        for text in [BETWEEN.join(statements)] if made and transaction.dialect == "postgresql" else statements:
            await transaction.execute(text)
        return made


async def _tables(transaction: Transaction) -> set[str]:
    if transaction.dialect == "sqlite":
        return {row[0] for row in await transaction.fetch("SELECT name FROM sqlite_master WHERE type = 'table'")}
    # Replicas that start at once make them one after the other.
    await transaction.fetch(f"SELECT pg_advisory_xact_lock({lock_number('migrations')})")
    rows = await transaction.fetch("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    return {row[0] for row in rows}
