"""The migrated schema is the one the tables describe."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData
from sqlmodel import SQLModel

from app.database.migrations import migrate
from catalog.store.tables import RefreshState
from tests.conftest import AnyDatabase


def _catalog_metadata() -> MetaData:
    ours = MetaData()
    for table in SQLModel.metadata.tables.values():
        if table.name.startswith(str(RefreshState.__tablename__).partition("_")[0] + "_"):
            table.to_metadata(ours)
    return ours


async def test_the_migrations_make_what_the_tables_describe(database: AnyDatabase) -> None:
    await migrate(database.engine, {"catalog": "catalog.store.migrations"})

    def differences(connection: Connection) -> list[object]:
        def of_the_catalog(_object: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
            return kind != "table" or (name or "").startswith("catalog_")

        context = MigrationContext.configure(connection, opts={"include_object": of_the_catalog, "compare_type": True})
        return list(compare_metadata(context, _catalog_metadata()))

    async with database.engine.begin() as connection:
        assert await connection.run_sync(differences) == []


async def test_migrating_twice_changes_nothing(database: AnyDatabase) -> None:
    assert await migrate(database.engine, {"catalog": "catalog.store.migrations"}) != {}
    assert await migrate(database.engine, {"catalog": "catalog.store.migrations"}) == {}
