"""New databases get in few statements what the migrations would have said."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest

from app.database.heads import behind, version_table
from app.database.migrations import migrate
from app.database.new_tables import NewTables, file_name, make_new, new_tables
from app.database.upgrade import bring_up_to_date
from tests.conftest import AnyDatabase
from tests.new_tables import own_packages, told

OWN = dict(own_packages())
REVISION = """
from alembic import op

revision = "{name}_{number}"
down_revision = {down}

def upgrade() -> None:
    op.execute("CREATE TABLE {name}_{number} (id INTEGER PRIMARY KEY)")
"""


class Package:
    """A package of revisions that grows."""

    def __init__(self, folder: Path) -> None:
        # Python remembers where a package was; databases may be shared by several.
        self.name = f"p{uuid4().hex[:8]}"
        self.packages = {self.name: self.name}
        self._folder = folder / self.name
        self._folder.mkdir()
        (self._folder / "__init__.py").touch()
        self.revisions: list[str] = []

    def grow(self) -> None:
        number = len(self.revisions) + 1
        text = REVISION.format(name=self.name, number=number, down=repr(self.revisions[-1]) if self.revisions else None)
        (self._folder / f"r{number}.py").write_text(text)
        self.revisions.append(f"{self.name}_{number}")

    def note(self, dialect: str) -> None:
        statements = [f"CREATE TABLE {one} (id INTEGER PRIMARY KEY)" for one in self.revisions]
        (self._folder / file_name(dialect)).write_text(NewTables(self.revisions, statements).text())


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    monkeypatch.syspath_prepend(str(tmp_path))
    one = Package(tmp_path)
    one.grow()
    return one


async def tables(database: AnyDatabase, package: Package) -> list[str]:
    names = "sqlite_master" if database.dialect == "sqlite" else "pg_tables"
    column = "name" if database.dialect == "sqlite" else "tablename"
    rows = await database.read(f"SELECT {column} FROM {names} WHERE {column} LIKE '{package.name}%'")
    return sorted(row[0] for row in rows)


@pytest.mark.parametrize("plugin", OWN)
async def test_the_files_say_what_the_migrations_say(database: AnyDatabase, plugin: str) -> None:
    """If not: `make tables`."""
    assert new_tables(OWN[plugin], database.dialect) == await told(database, plugin, OWN[plugin])


async def test_a_new_database_is_up_to_date_and_alembic_agrees(database: AnyDatabase) -> None:
    applied = await bring_up_to_date(database, OWN)
    assert applied.keys() == OWN.keys()
    assert applied["catalog"][0] == "catalog_0001"
    assert await behind(database, OWN) == []
    assert await bring_up_to_date(database, OWN) == {}
    assert await migrate(database.engine, OWN) == {}


async def test_what_has_been_made_goes_on_by_migrations(database: AnyDatabase, package: Package) -> None:
    package.note(database.dialect)
    assert await bring_up_to_date(database, package.packages) == {package.name: package.revisions[:1]}
    package.grow()
    package.note(database.dialect)
    assert await bring_up_to_date(database, package.packages) == {package.name: package.revisions[1:]}
    assert await tables(database, package) == package.revisions


async def test_a_file_older_than_the_revisions_is_not_believed(database: AnyDatabase, package: Package) -> None:
    package.note(database.dialect)
    package.grow()
    assert await make_new(database, package.packages) == {}
    assert await bring_up_to_date(database, package.packages) == {package.name: package.revisions}
    assert await tables(database, package) == package.revisions


async def test_a_package_without_a_file_is_migrated(database: AnyDatabase, package: Package) -> None:
    assert await bring_up_to_date(database, {**package.packages, "host": OWN["host"]}) == {
        "host": revisions_of(OWN["host"], database),
        package.name: package.revisions,
    }


def revisions_of(package: str, database: AnyDatabase) -> list[str]:
    known = new_tables(package, database.dialect)
    assert known is not None
    return list(known.revisions)


async def test_a_mistake_leaves_nothing_behind(database: AnyDatabase, package: Package, tmp_path: Path) -> None:
    package.note(database.dialect)
    with (tmp_path / package.name / file_name(database.dialect)).open("a") as file:
        file.write("CREATE TABLE ();\n")
    with pytest.raises(Exception, match="syntax error"):
        await bring_up_to_date(database, package.packages)
    assert await tables(database, package) == []
    assert await behind(database, package.packages) == [package.name]


async def test_two_replicas_that_start_at_once_make_them_once(database: AnyDatabase) -> None:
    done = await asyncio.gather(*[make_new(database, {"host": OWN["host"]}) for _ in range(2)])
    assert sorted(map(len, done)) == [0, 1]
    assert (await database.read(f"SELECT count(*) FROM {version_table('host')}"))[0][0] == 1
